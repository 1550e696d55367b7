import type { GridDiagnoses } from "../diagnosis/diagnoses";
import type { Grid } from "../geometry/grids";
import { formatDecimal, formatPercent } from "../util/numbers";
import { roundTicks } from "../util/ticks";
import { MAKO, pixelOf } from "./colour";
import type { Note, Overlay } from "./overlay";

/** From here on the mean is further from any sample than these are from each other. */
export const EMPTY = 1.1;

/** An overlay of the agreement of each cell's samples, with mixtures of two framed. */
export function doubtOverlay(grid: Grid, known: GridDiagnoses | null): Overlay {
  const { agreement, emptiness, kept, mixtures } = known ?? NOTHING;
  const [low, high] = endsOf(agreement.values());
  const shareOf = (value: number) => (high > low ? (value - low) / (high - low) : 0.5);
  const notes: Note[] = known
    ? [
        {
          colour: "var(--aw-doubtful)",
          framed: true,
          text: "two groups rather than one",
          count: mixtures.size,
        },
        {
          colour: "transparent",
          text: "mean where no samples are",
          count: [...emptiness.values()].filter((value) => value >= EMPTY).length,
        },
      ]
    : [{ colour: "transparent", text: "cells to come", count: grid.ids.length }];
  return {
    colour: (cell) => {
      const value = agreement.get(cell);
      return value === undefined ? 0 : pixelOf(MAKO.at(shareOf(value)));
    },
    words: (cell) => {
      const value = agreement.get(cell);
      return value === undefined ? null : `agreement ${formatDecimal(value)}`;
    },
    sentence: (cell) => {
      const value = agreement.get(cell);
      if (value === undefined) return null;
      const groups = mixtures.has(cell) ? ", two groups" : "";
      const near = kept.get(cell);
      const place = near === undefined ? "" : `, ${formatPercent(near)} of neighbours kept`;
      return `Agreement ${formatDecimal(value)}${groups}${place}`;
    },
    framed: (cell) => mixtures.has(cell),
    legend: {
      title: "Do a cell’s samples agree?",
      about:
        "The mean cosine between two of a cell’s samples: the lower it is, the less its mean " +
        "stands for them. Framed are cells whose samples fall into two groups (Hartigan’s dip, one " +
        "in ten of them by chance). Open a cell for more.",
      scale: {
        gradient: MAKO.gradient,
        ticks: known
          ? roundTicks(low, high, 4).map((at) => ({ at: shareOf(at), text: String(at) }))
          : [],
      },
      notes,
    },
  };
}

const NOTHING: GridDiagnoses = {
  agreement: new Map(),
  emptiness: new Map(),
  kept: new Map(),
  mixtures: new Set(),
};

/** The range in which nearly all values lie. */
function endsOf(values: Iterable<number>): [number, number] {
  const sorted = [...values].sort((a, b) => a - b);
  if (sorted.length === 0) return [0, 1];
  const at = (share: number) => sorted[Math.round(share * (sorted.length - 1))];
  return [at(0.02), at(0.98)];
}
