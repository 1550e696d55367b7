import type { Camera } from "../../src/geometry/geometry";

/** A stretch of the journey: where the scale goes, how far the view travels meanwhile. */
interface Leg {
  name: string;
  seconds: number;
  /** CSS pixels of a cell at its end; null: all of the atlas in view. */
  cell: number | null;
  /** CSS pixels per second, diagonally. */
  pan: number;
}

/** Fit, zoom in, 1:1, 3:1, pan diagonally, zoom out, and a last pan over all there is. */
export const LEGS: readonly Leg[] = [
  { name: "rest", seconds: 0.4, cell: null, pan: 0 },
  { name: "zoom to 1:1", seconds: 2, cell: 64, pan: 0 },
  { name: "pan at 1:1", seconds: 1.5, cell: 64, pan: 900 },
  { name: "zoom to 3:1", seconds: 1, cell: 192, pan: 0 },
  { name: "pan at 3:1", seconds: 1.5, cell: 192, pan: 900 },
  { name: "zoom out", seconds: 2.5, cell: null, pan: 0 },
  { name: "pan at fit", seconds: 1.5, cell: null, pan: 300 },
];

export const SECONDS = LEGS.reduce((sum, leg) => sum + leg.seconds, 0);

/** What to do in a frame: zoom about the middle by a factor and move by pixels. */
export interface Step {
  leg: string;
  /** The scale to have, in CSS pixels per atlas unit. */
  k: number;
  /** Diagonal movement since the last frame in CSS pixels, zero while zooming. */
  move: number;
}

/**
 * The journey as a function of time, so that a slow renderer draws fewer frames of the same way.
 * Pans go forth and back: the atlas stays in view.
 */
export function stepAt(seconds: number, before: number, grid: number, home: Camera): Step | null {
  let start = 0;
  let k = home.k;
  for (const leg of LEGS) {
    const end = leg.cell === null ? home.k : leg.cell * grid;
    const share = (seconds - start) / leg.seconds;
    if (share < 1) {
      const middle = start + leg.seconds / 2;
      // Forth in the first half, back in the second.
      const way = (time: number) => leg.pan * (leg.seconds / 2 - Math.abs(time - middle));
      const move = leg.pan === 0 ? 0 : way(seconds) - way(Math.max(before, start));
      return { leg: leg.name, k: k * (end / k) ** Math.max(0, share), move };
    }
    k = end;
    start += leg.seconds;
  }
  return null;
}
