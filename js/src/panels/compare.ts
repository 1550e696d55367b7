/** Two cells against each other. Pure: what is known of each goes in, what differs comes out. */
import type { ClassValue } from "../protocol/messages";
import { type Channel, channelOf, type Profile } from "../store/profile";

export interface ComparedClass {
  index: number;
  label: string;
  /** The attribution of each cell to it; null until it is known. */
  first: ClassValue | null;
  other: ClassValue | null;
  /** First minus other with its 95 % interval; null where one of them, or its spread, is unknown. */
  difference: number | null;
  low: number | null;
  high: number | null;
}

export interface ComparedChannel {
  first: Channel;
  other: Channel;
  /** First minus other, in standard deviations over all samples. */
  difference: number;
}

/**
 * The interval of a difference from those of its two means, which need not be symmetric
 * (Zou and Donner 2008, "Construction of confidence limits about effect measures").
 */
export function differenceOf(
  first: ClassValue,
  other: ClassValue,
): { difference: number; low: number | null; high: number | null } {
  const difference = first.value - other.value;
  const ends = [first.low, first.high, other.low, other.high];
  if (ends.some((end) => end === null)) return { difference, low: null, high: null };
  const [firstLow, firstHigh, otherLow, otherHigh] = ends as number[];
  return {
    difference,
    low: difference - Math.hypot(first.value - firstLow, otherHigh - other.value),
    high: difference + Math.hypot(firstHigh - first.value, other.value - otherLow),
  };
}

/** The classes to look at when two cells are compared: those that either argues most for. */
export function classesToCompare(
  first: readonly ClassValue[],
  other: readonly ClassValue[],
  each: number,
): number[] {
  const strongest = [...first.slice(0, each), ...other.slice(0, each)].map(({ index }) => index);
  return [...new Set(strongest)];
}

/** Those classes, from what speaks most for the first cell to what speaks most for the other. */
export function compareClasses(
  first: ReadonlyMap<number, ClassValue>,
  other: ReadonlyMap<number, ClassValue>,
  classes: readonly number[],
): ComparedClass[] {
  const compared = classes.map((index) => {
    const [a, b] = [first.get(index) ?? null, other.get(index) ?? null];
    const apart = a && b ? differenceOf(a, b) : { difference: null, low: null, high: null };
    return { index, label: (a ?? b)?.label ?? "", first: a, other: b, ...apart };
  });
  const place = ({ first: a, other: b, difference }: ComparedClass) =>
    difference ?? a?.value ?? -(b?.value ?? 0);
  return compared.sort((a, b) => place(b) - place(a) || a.index - b.index);
}

/** The channels in which two cells differ most, from the first one's to the other's. */
export function compareChannels(first: Profile, other: Profile, count: number): ComparedChannel[] {
  return Array.from(first.mean, (_, index) => {
    const [a, b] = [channelOf(first, index), channelOf(other, index)];
    return { first: a, other: b, difference: a.unusual - b.unusual };
  })
    .sort((a, b) => Math.abs(b.difference) - Math.abs(a.difference))
    .slice(0, count)
    .sort((a, b) => b.difference - a.difference);
}

/** True if an interval leaves no doubt about the sign. */
export function isClear({ low, high }: { low: number | null; high: number | null }): boolean {
  return low !== null && high !== null && (low > 0 || high < 0);
}
