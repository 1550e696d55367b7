import type { Grid } from "../geometry/grids";
import { formatPlain } from "../util/numbers";
import { roundTicks } from "../util/ticks";
import { divergingRamp, MAKO, pixelOf } from "./colour";
import type { Overlay } from "./overlay";

/** An overlay of a unit's mean activation in each cell; about zero where some are negative. */
export function unitOverlay(
  layer: string,
  unit: number,
  grid: Grid,
  values: Float32Array | null,
  dark: boolean,
): Overlay {
  const meanOf = new Map<number, number>();
  grid.ids.forEach((cell, at) => {
    if (values) meanOf.set(cell, values[at]);
  });
  let [low, high] = [0, 0];
  for (const value of values ?? []) {
    low = Math.min(low, value);
    high = Math.max(high, value);
  }
  const signed = -low > 0.01 * high;
  const reach = Math.max(high, -low) || 1;
  const ramp = signed ? divergingRamp(dark) : MAKO;
  const shareOf = (value: number) => (signed ? 0.5 + value / reach / 2 : value / reach);
  const ends = roundTicks(0, reach, 2).filter((tick) => tick > 0.25 * reach);
  const outer = ends[ends.length - 1] ?? reach;
  const ticks = signed ? [-outer, 0, outer] : [0, outer];
  return {
    colour: (cell) => {
      const value = meanOf.get(cell);
      return value === undefined ? 0 : pixelOf(ramp.at(shareOf(value)));
    },
    words: (cell) => {
      const value = meanOf.get(cell);
      return value === undefined ? null : formatPlain(value);
    },
    sentence: (cell) => {
      const value = meanOf.get(cell);
      return value === undefined ? null : `Mean activation of unit ${unit}: ${formatPlain(value)}`;
    },
    legend: {
      title: `Unit ${unit} of ${layer}`,
      about: "The mean activation of this channel over the samples of each cell.",
      scale: {
        gradient: ramp.gradient,
        ticks: ticks.map((value) => ({ at: shareOf(value), text: formatPlain(value) })),
      },
      notes: values ? [] : [{ colour: "transparent", text: "to come…" }],
    },
  };
}
