import type { TuningMap } from "./blocks";

/** Answers by direction (degrees, counter-clockwise from the right), once around the circle. */
export interface DirectionCurve {
  angles: number[];
  values: number[];
}

const AROUND: ReadonlyMap<string, number> = new Map([
  ["orientation", 180],
  ["direction", 360],
]);

/** The largest answer in each direction of a set that has directions; null for the others. */
export function directionsOf(map: TuningMap): DirectionCurve | null {
  const turn = AROUND.get(map.columnName);
  if (turn === undefined) return null;
  const count = map.columns.length;
  const best = map.columns.map((_, column) =>
    Math.max(...map.rows.map((_, row) => map.values[row * count + column] ?? -Infinity)),
  );
  const angles = map.columns.map(Number);
  // an orientation is the same half a turn later
  return turn === 360
    ? { angles, values: best }
    : { angles: [...angles, ...angles.map((angle) => angle + 180)], values: [...best, ...best] };
}
