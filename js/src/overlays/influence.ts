import { formatValue } from "../words";
import { cssOf, divergingRamp, pixelOf } from "./colour";
import { type Overlay, roundTicks } from "./overlay";

/** What a class gains from a cell: the mean over its samples, with its interval. */
export interface Gain {
  value: number;
  /** Null where one sample alone speaks. */
  low: number | null;
  high: number | null;
}

/** How much of its colour a cell keeps where nothing is known of the sign. */
export const PALE = 0.35;
/** So many of the cells lie within the scale; what is beyond has the colour of its end. */
const WITHIN = 0.98;

/** Whether the interval leaves no doubt that the cell argues for the class, or against it. */
export function isClear({ low, high }: Gain): boolean {
  return low !== null && high !== null && (low > 0 || high < 0);
}

/** The end of the scale: as far as nearly all values reach, the same on both sides of zero. */
export function reachOf(values: Iterable<number>): number {
  const sizes = Array.from(values, Math.abs).sort((a, b) => a - b);
  if (sizes.length === 0) return 1;
  return sizes[Math.ceil(WITHIN * sizes.length) - 1] || sizes[sizes.length - 1] || 1;
}

/** What each cell adds to one class's logit: for it, or against it. */
export function influenceOverlay(
  name: string,
  gains: ReadonlyMap<number, Gain>,
  waiting: number,
  dark: boolean,
): Overlay {
  const ramp = divergingRamp(dark);
  const values = Array.from(gains.values(), (gain) => gain.value);
  const reach = reachOf(values);
  const beyond = values.some((value) => Math.abs(value) > reach);
  const shareOf = (value: number) => 0.5 + value / reach / 2;
  const ends = roundTicks(0, reach, 2).filter((tick) => tick > 0.25 * reach);
  const outer = ends[ends.length - 1] ?? reach;
  const ticks = [-outer, 0, outer].map((value) => ({
    at: shareOf(value),
    text: formatValue(value),
  }));
  const notes = [
    {
      colour: cssOf(ramp.at(0.92), PALE),
      text: "paler: may as well be zero (the interval spans it)",
    },
  ];
  if (waiting > 0) {
    notes.push({ colour: "transparent", text: `${waiting.toLocaleString("en-US")} cells to come` });
  }
  return {
    colour: (cell) => {
      const gain = gains.get(cell);
      if (!gain) return 0;
      return pixelOf(ramp.at(shareOf(gain.value)), isClear(gain) ? 1 : PALE);
    },
    legend: {
      title: `Influence on “${name}”`,
      about:
        "What the cell adds to the class’s logit, to first order: the mean over its samples of " +
        "activation · gradient, with a 95 % interval." +
        (beyond ? " The strongest two per cent of the cells lie beyond the ends." : ""),
      scale: { gradient: ramp.gradient, ticks },
      notes,
    },
  };
}
