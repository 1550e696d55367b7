import type { Box, Size } from "../geometry/geometry";
import type { Places } from "./comparison";

/** Samples of one colour, by their numbers. */
export interface DotGroup {
  colour: string;
  samples: readonly number[];
}

/** The box around samples on all of several maps, with some room. */
export function boxOfPlaces(maps: readonly Places[]): Box {
  const box: Box = [1, 1, 0, 0];
  for (const { x, y } of maps) {
    for (let at = 0; at < x.length; at++) {
      box[0] = Math.min(box[0], x[at]);
      box[1] = Math.min(box[1], y[at]);
      box[2] = Math.max(box[2], x[at]);
      box[3] = Math.max(box[3], y[at]);
    }
  }
  return box[2] < box[0] ? [0, 0, 1, 1] : box;
}

/** The number of columns in which so many maps of a box are largest; at least `least` pixels wide. */
export function filmColumns(
  count: number,
  size: Size,
  box: Box,
  head: number,
  least = 180,
): number {
  let [best, largest] = [1, 0];
  for (let columns = 1; columns <= count; columns++) {
    const rows = Math.ceil(count / columns);
    const [width, height] = [size.width / columns, size.height / rows - head];
    if (columns > 1 && width < least) break;
    const scale = Math.min(width / (box[2] - box[0]), height / (box[3] - box[1]));
    if (scale > largest) [best, largest] = [columns, scale];
  }
  return best;
}

/** Places on the straight way from one map to another, `share` of it along. */
export function between(from: Places, to: Places, share: number): Places {
  const mix = (a: Float32Array, b: Float32Array) => a.map((at, i) => at + share * (b[i] - at));
  return { x: mix(from.x, to.x), y: mix(from.y, to.y) };
}

/** The samples nearest to a point: those within `radius`, or none. */
export function samplesNear(
  { x, y }: Places,
  point: { x: number; y: number },
  radius: number,
): number[] {
  const found: number[] = [];
  for (let at = 0; at < x.length; at++) {
    if ((x[at] - point.x) ** 2 + (y[at] - point.y) ** 2 <= radius ** 2) found.push(at);
  }
  return found;
}

/** The sample nearest to a point, if it is within `radius`. */
export function nearestSample(
  places: Places,
  point: { x: number; y: number },
  radius: number,
): number | null {
  let [best, least] = [-1, radius ** 2];
  for (let at = 0; at < places.x.length; at++) {
    const distance = (places.x[at] - point.x) ** 2 + (places.y[at] - point.y) ** 2;
    if (distance <= least) [best, least] = [at, distance];
  }
  return best < 0 ? null : best;
}
