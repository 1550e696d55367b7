/** Sentences about diagnostics, in plain words. Pure. */

import { NEIGHBORS } from "../protocol/shared";
import { capitalized, formatCount, formatDecimal, formatPercent, plural } from "../util/numbers";
import type { Diagnosis, Halves } from "./diagnoses";

/** The share of values smaller than one of them; null where there is nothing to compare. */
export function shareBelow(values: Iterable<number>, value: number): number | null {
  let [below, all] = [0, 0];
  for (const other of values) {
    all++;
    if (other < value) below++;
  }
  return all > 1 ? below / (all - 1) : null;
}

/** The middle of some values: the tenth to the ninetieth percentile, and the median. */
export function middleOf(values: Iterable<number>): [number, number, number] | null {
  const sorted = [...values].sort((a, b) => a - b);
  if (sorted.length < 5) return null;
  const at = (share: number) => sorted[Math.round(share * (sorted.length - 1))];
  return [at(0.1), at(0.5), at(0.9)];
}

export function describeAgreement({ agreement, count }: Diagnosis, share: number | null): string {
  if (agreement === null) return `A single sample: there is nothing to compare it with.`;
  const rank =
    share === null
      ? ""
      : share >= 0.5
        ? `, more than in ${formatPercent(share)} of the cells`
        : `, less than in ${formatPercent(1 - share)} of the cells`;
  return `Any two of its ${formatCount(count)} samples have a cosine of ${formatDecimal(agreement)} on average${rank}.`;
}

export function describeEmptiness({ nearest, emptiness }: Diagnosis): string {
  const cosine = nearest === null ? "" : ` Its cosine is ${formatDecimal(nearest)}.`;
  if (emptiness === null) return `All samples are of one crop.${cosine}`;
  const times = `${formatDecimal(emptiness)} times as far as a sample’s own nearest neighbour`;
  if (emptiness >= 1.1) {
    return `The mean lies where no samples are: the nearest is ${times}.${cosine}`;
  }
  if (emptiness >= 0.9) return `The nearest real sample is ${times}.${cosine}`;
  return `The mean lies among its samples: the nearest is ${times}.${cosine}`;
}

export function describeGroups({ mixture, chance, count }: Diagnosis): string {
  if (chance === null) return `${plural(count, "sample")} cannot show two groups.`;
  if (mixture)
    return `Two groups: a single group would look like this in ${describeChance(chance)}.`;
  if (chance < 0.05) {
    return `Perhaps two groups: a single group would look like this in ${describeChance(chance)}, but of so many cells some do.`;
  }
  return `One group, as far as one can tell: a single group looks like this in ${describeChance(chance)}.`;
}

export function describeKept({ kept }: Diagnosis): string {
  if (kept === null) return "There are no neighbours to compare.";
  const near = formatDecimal(kept * NEIGHBORS, 1);
  return `Of its samples’ ${NEIGHBORS} nearest neighbours ${near} are among the nearest on the map.`;
}

export function describeSplit({ cosine, apart, clear }: Halves): string {
  const facts = [
    ...(cosine === null ? [] : [`cosine ${formatDecimal(cosine)} between the halves`]),
    ...(apart === null ? [] : [`${formatDecimal(apart, 1)} σ apart`]),
  ].join(", ");
  const doubt = clear ? "" : " One group cut in two looks like this as well (2.5 to 4 σ).";
  return `${capitalized(facts)}.${doubt}`;
}

/** At most so often. */
export function describeChance(chance: number): string {
  if (chance < 0.001) return "fewer than one case in 1,000";
  const percent = chance < 0.1 ? `${formatDecimal(100 * chance, 1)} %` : formatPercent(chance);
  return `${percent} of cases at most`;
}
