import type { Camera, Point } from "./geometry";

/** A name at a place of the stage, in pixels. */
export interface PlacedName<Named> {
  named: Named;
  at: Point;
}

/** The room that a name takes, in pixels: a little more than its text. */
const LETTER = 7.6;
const HEIGHT = 22;
const GAP = 6;

/**
 * The names that fit, the first ones first: none overlaps one before it, lies over `kept`, or
 * beyond the stage.
 */
export function placeNames<Named extends { name: string; x: number; y: number }>(
  all: readonly Named[],
  camera: Camera,
  size: { width: number; height: number },
  kept: readonly Point[] = [],
): PlacedName<Named>[] {
  const placed: (PlacedName<Named> & { half: number })[] = [];
  for (const named of all) {
    const at = { x: named.x * camera.k + camera.x, y: named.y * camera.k + camera.y };
    const half = (named.name.length * LETTER) / 2 + GAP;
    const within =
      at.x - half >= 0 &&
      at.x + half <= size.width &&
      at.y >= HEIGHT &&
      at.y <= size.height - HEIGHT;
    const near = (x: number, y: number, other: number) =>
      Math.abs(at.x - x) < half + other && Math.abs(at.y - y) < HEIGHT;
    const free =
      placed.every((other) => !near(other.at.x, other.at.y, other.half)) &&
      kept.every(({ x, y }) => !near(x, y, HEIGHT));
    if (within && free) placed.push({ named, at, half });
  }
  return placed.map(({ named, at }) => ({ named, at }));
}
