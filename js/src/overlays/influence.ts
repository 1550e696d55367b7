import type { Gain } from "../store/influences";
import { formatValue } from "../util/numbers";
import { roundTicks } from "../util/ticks";
import { cssOf, divergingRamp, mixed, pixelOf } from "./colour";
import type { Note, Overlay } from "./overlay";

/** For an unknown sign: how far the colour is from zero's, and how opaque it is. */
const PALE = { share: 0.5, alpha: 0.6 };
/** The share of cells within the scale; those beyond have the colour of its end. */
const WITHIN = 0.98;

/** True if the interval leaves no doubt that the cell argues for the class, or against it. */
export function isClear({ low, high }: Gain): boolean {
  return low !== null && high !== null && (low > 0 || high < 0);
}

/** The end of the scale: as far as nearly all values reach, the same on both sides of zero. */
export function reachOf(values: Iterable<number>): number {
  const sizes = Array.from(values, Math.abs).sort((a, b) => a - b);
  if (sizes.length === 0) return 1;
  return sizes[Math.ceil(WITHIN * sizes.length) - 1] || sizes[sizes.length - 1] || 1;
}

/**
 * An overlay of what each cell adds to one class's logit: for it, or against it. `waiting` cells are
 * to come, `without` have no value.
 */
export function influenceOverlay(
  name: string,
  gains: ReadonlyMap<number, Gain>,
  { waiting, without }: { waiting: number; without: number },
  dark: boolean,
): Overlay {
  const ramp = divergingRamp(dark);
  const values = Array.from(gains.values(), (gain) => gain.value);
  const reach = reachOf(values);
  const beyond = values.some((value) => Math.abs(value) > reach);
  const pale = (share: number) => mixed(ramp.at(0.5), ramp.at(share), PALE.share);
  const shareOf = (value: number) => 0.5 + value / reach / 2;
  const ends = roundTicks(0, reach, 2).filter((tick) => tick > 0.25 * reach);
  const outer = ends[ends.length - 1] ?? reach;
  const ticks = [-outer, 0, outer].map((value) => ({
    at: shareOf(value),
    text: formatValue(value),
  }));
  const notes: Note[] = [
    {
      colour: cssOf(pale(0.92), PALE.alpha),
      text: "paler: not clearly different from zero",
    },
  ];
  if (waiting > 0) {
    notes.push({ colour: "transparent", text: "cells to come", count: waiting });
  }
  if (without > 0) {
    notes.push({
      colour: "transparent",
      text: "not coloured: neither clear nor among the cell’s strongest; this page has no more",
      count: without,
    });
  }
  return {
    colour: (cell) => {
      const gain = gains.get(cell);
      if (!gain) return 0;
      const share = shareOf(gain.value);
      return isClear(gain) ? pixelOf(ramp.at(share)) : pixelOf(pale(share), PALE.alpha);
    },
    words: (cell) => {
      const gain = gains.get(cell);
      return gain ? formatValue(gain.value) : null;
    },
    sentence: (cell) => {
      const gain = gains.get(cell);
      if (!gain) return null;
      const interval =
        gain.low === null || gain.high === null
          ? "one sample, so no interval"
          : `${formatValue(gain.low)} to ${formatValue(gain.high)}`;
      return `Influence on “${name}”: ${formatValue(gain.value)} (${interval})`;
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
