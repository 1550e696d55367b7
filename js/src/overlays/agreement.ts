import type { ComparedMap, Side } from "../compare/comparison";
import { formatDecimal } from "../util/numbers";
import { MAKO, pixelOf } from "./colour";
import type { Overlay } from "./overlay";

/** What a cell is called that no cell of the other map matches. */
export const UNMATCHED: Readonly<Record<Side, string>> = { a: "gone", b: "new" };

const ABOUT =
  "The share of a sample’s nearest neighbours that is the same in both layers, corrected for " +
  "chance, averaged over each cell: 0 where the layers have nothing in common, 1 where all " +
  "neighbours are the same. Dark cells differ.";

/** The end of the scale for both maps, which few cells are beyond: agreement rarely comes near 1. */
export function topAgreement(maps: readonly ComparedMap[]): number {
  const known = maps.flatMap(({ cells }) =>
    [...cells.values()].flatMap(({ agreement }) => agreement ?? []),
  );
  known.sort((one, other) => one - other);
  const high = known[Math.floor(0.95 * known.length)] ?? 1;
  return Math.min(1, Math.max(0.2, Math.ceil(10 * high) / 10));
}

/** An overlay of where two maps differ: the agreement of each cell, and cells without a partner. */
export function agreementOverlay({ cells }: ComparedMap, side: Side, top: number): Overlay {
  return {
    colour: (cell) => {
      const agreement = cells.get(cell)?.agreement ?? null;
      return agreement === null ? 0 : pixelOf(MAKO.at(agreement / top));
    },
    framed: (cell) => cells.get(cell)?.matched === false,
    legend: {
      title: "Where they differ",
      about: ABOUT,
      scale: {
        gradient: MAKO.gradient,
        ticks: [0, 0.5, 1].map((at) => ({ at, text: formatDecimal(at * top, 1) })),
      },
      notes: [{ colour: "var(--aw-doubtful)", framed: true, text: UNMATCHED[side] }],
    },
  };
}
