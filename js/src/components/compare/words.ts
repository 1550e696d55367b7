import type { ComparedCell, ComparedMap, Score, Side } from "../../compare/comparison";
import { UNMATCHED } from "../../overlays/agreement";
import { formatDecimal, formatShare, plural } from "../../util/numbers";

/** What a score is called, and what it means, in words; scores that are not listed are not shown. */
export const SCORES: Readonly<Record<string, readonly [words: string, meaning: string]>> = {
  agreement: [
    "Same neighbours",
    "The share of a sample’s 10 nearest neighbours, of other images, that is the same in both layers, corrected for chance: 0 if the layers are unrelated, 1 if all are the same. No map takes part.",
  ],
  cka: [
    "CKA",
    "Debiased linear CKA: how alike the layers arrange the images along their directions of largest variance. It is above 0 for untrained networks, too.",
  ],
  map_agreement: [
    "Same neighbours, on the maps",
    "The same share for the nearest neighbours on the two maps.",
  ],
  displacement: [
    "Moved by",
    "The median distance between the two places of a sample, in radii of the first map; about 1 for unrelated maps.",
  ],
  trust: [
    "Trust in the second map",
    "Trustworthiness: how far neighbours on the second map are neighbours in its layer; 1 if all are.",
  ],
  trust_free: [
    "… without the first one",
    "Trustworthiness of the second layer’s own map. If it were much larger, the second map would pay for lying beside the first one.",
  ],
  cells: [
    "Same cells",
    "Adjusted mutual information of the cells of the two maps. Shuffled images are above 0: samples of one image stay together.",
  ],
};

/** An interval, as [0.24, 0.27]; empty where there is none. */
export function interval(low: number | null, high: number | null): string {
  return low === null || high === null ? "" : `[${formatDecimal(low)}, ${formatDecimal(high)}]`;
}

export const scoreText = ({ value }: Score): string =>
  value === null ? "–" : formatDecimal(value);

export const controlText = ({ control }: Score): string =>
  control === null ? "–" : formatDecimal(control);

/** What the headline says of the two layers. */
export function headline(scores: readonly Score[]): string {
  const score = scores.find(({ name }) => name === "agreement");
  if (!score || score.value === null) return "";
  const { value, controlHigh } = score;
  if (value <= Math.max(controlHigh ?? 0, 0.005)) {
    return "The layers have no more neighbours in common than shuffled images have.";
  }
  return `Of what is beyond chance, ${formatShare(value)} of a sample’s neighbours are the same in both layers.`;
}

/** What became of a cell on the other map. */
export function fateOf(
  cell: ComparedCell,
  side: Side,
  other: ComparedMap,
  whereabouts: readonly { cell: number; count: number }[],
): string {
  const { matched, partner, share, jaccard, floor, images } = cell;
  const cells = whereabouts.filter(({ cell: id }) => id >= 0).length;
  const spread = `Its samples are in ${plural(cells, "cell")} of ${other.name}`;
  if (partner === null) return `${spread}.`;
  const most = share === null ? "" : `, ${formatShare(share)} of them in its partner`;
  if (matched === null) {
    return `${spread}${most}. Of ${plural(images, "image")} only: too few to tell whether that is chance.`;
  }
  if (matched) return `${spread}${most}.`;
  const reached =
    jaccard === null || floor === null
      ? ""
      : ` (overlap ${formatDecimal(jaccard)}, by chance up to ${formatDecimal(floor)})`;
  const word = UNMATCHED[side] === "gone" ? "Gone" : "New";
  return `${word}: no cell of ${other.name} has more of its samples than chance gives${reached}. ${spread}.`;
}
