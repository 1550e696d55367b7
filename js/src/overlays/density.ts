import type { Grid } from "../geometry/grids";
import { formatCount, plural } from "../util/numbers";
import { ratioTicks } from "../util/ticks";
import { pixelOf, VIRIDIS } from "./colour";
import type { Overlay } from "./overlay";

/** An overlay of the samples in each cell, by ratios: some cells hold a hundred times others. */
export function densityOverlay(grid: Grid): Overlay {
  let [low, high] = [Number.POSITIVE_INFINITY, 0];
  for (const cell of grid.ids) {
    low = Math.min(low, grid.counts[cell]);
    high = Math.max(high, grid.counts[cell]);
  }
  const span = Math.log(high / low) || 1;
  const shareOf = (count: number) => (high > low ? Math.log(count / low) / span : 0.5);
  return {
    colour: (cell) => pixelOf(VIRIDIS.at(shareOf(grid.counts[cell]))),
    words: (cell) => plural(grid.counts[cell], "sample"),
    legend: {
      title: "Samples in a cell",
      about: "How many samples the cell’s mean stands on. The scale is logarithmic.",
      scale: {
        gradient: VIRIDIS.gradient,
        ticks: endsAndBetween(low, high).map((count) => ({
          at: shareOf(count),
          text: formatCount(count),
        })),
      },
      notes: [],
    },
  };
}

/** Both ends as they are, and round numbers between that keep away from them. */
function endsAndBetween(low: number, high: number): number[] {
  if (!Number.isFinite(low)) return [];
  if (high <= low) return [low];
  const span = Math.log(high / low);
  const between = ratioTicks(low, high, 4).filter(
    (tick) => Math.log(tick / low) > 0.16 * span && Math.log(high / tick) > 0.16 * span,
  );
  return [low, ...between, high];
}
