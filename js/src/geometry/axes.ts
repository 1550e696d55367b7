/** The ticks of an atlas's axes on the screen. Pure. */

import type { Axis } from "../protocol/messages";
import { roundTicks } from "../util/ticks";
import { clamp } from "./geometry";

export interface AxisTick {
  value: number;
  /** In pixels of the stage. */
  at: number;
}

/** Pixels that a tick and its number need. */
const ROOM = 64;

export const measures = (axis: Axis): axis is Axis & { low: number; high: number } =>
  axis.low !== null && axis.high !== null && axis.low !== axis.high;

/**
 * Ticks at round values, as far as they are in view.
 *
 * `offset` and `k` map the axis, 0 to 1, to pixels; `length` is how many pixels are in view.
 */
export function ticksOf(axis: Axis, offset: number, k: number, length: number): AxisTick[] {
  if (!measures(axis) || k <= 0 || length <= 0) return [];
  const { low, high } = axis;
  const valueAt = (pixel: number) => low + ((pixel - offset) / k) * (high - low);
  const within = (value: number) => clamp(value, Math.min(low, high), Math.max(low, high));
  const ends = [within(valueAt(0)), within(valueAt(length))].sort((a, b) => a - b);
  if (!(ends[1] > ends[0])) return [];
  const inView = (Math.abs(ends[1] - ends[0]) / Math.abs(high - low)) * k;
  return roundTicks(ends[0], ends[1], Math.max(2, Math.floor(inView / ROOM)))
    .map((value) => ({ value, at: offset + (k * (value - low)) / (high - low) }))
    .sort((a, b) => a.at - b.at);
}
