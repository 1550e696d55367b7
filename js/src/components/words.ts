/** Sentences about pictures and cells. Short, in the field's words. */
import type { Grid } from "../geometry/grids";
import { isDoubtful } from "../pictures";
import type { PictureKey } from "../protocol/picture_key";
import { NO_CERTAIN_CLASS } from "../store/classes";
import type { Inspection } from "../store/inspections";
import type { Judgement } from "../store/judgements";
import { capitalized, formatDecimal, ordinal, plural } from "../util/numbers";

/** The reason why a button cannot be pressed. */
export const NO_KERNEL = "This needs a running kernel";
/** In place of classes, where a model has none. */
export const NO_CLASSES = "This layer’s model has no classes.";
/** In place of what a saved page does not hold. */
export const NOT_SAVED = "Not in this page: it was not known when the page was written.";
/** In place of an answer that was not asked for in time. */
export const KERNEL_WENT = "Not known: the kernel stopped before it was computed.";

export interface Known {
  key: PictureKey;
  state: string;
  cosine: number | null;
  rank: number | null;
}

export type Tone = "crop" | "rough" | "final" | "doubtful" | "waiting";

export function toneOf(known: Known | null): Tone {
  if (!known) return "waiting";
  if (isDoubtful(known)) return "doubtful";
  return known.state === "crop" || known.state === "rough" || known.state === "final"
    ? known.state
    : "waiting";
}

/** The state of a cell's picture as a sentence of a few words. */
export function describePicture(known: Known | null, live = true): string {
  if (!known) return live ? "no picture yet" : "no picture";
  const cosine = known.cosine === null ? "" : `, cosine ${formatDecimal(known.cosine)}`;
  switch (toneOf(known)) {
    case "crop":
      return live ? "a real crop, until the layer’s picture is made" : "a real crop";
    case "rough":
      return `rough${cosine}${live ? "; it is still being refined" : ""}`;
    case "doubtful":
      return known.rank !== null && known.rank > 1
        ? `doubtful${cosine}: looks more like ${known.rank > 2 ? `${known.rank - 1} other cells` : "another cell"}`
        : `doubtful${cosine}: the layer does not see the cell in it`;
    case "final":
      return known.rank === 1 ? `final${cosine}, comes back to its own cell` : `final${cosine}`;
    default:
      return "no picture yet";
  }
}

/** How the picture reads to a second network, beside how real crops of the cell do. */
export function describeJudgement({ judge, rank, among, cropRank, heldOut }: Judgement): string {
  const place = `${ordinal(rank)} of ${plural(among, "cell")}`;
  const crops = [
    ...(cropRank === null ? [] : [`a real crop: ${ordinal(Math.round(cropRank))}`]),
    ...(heldOut ? [] : ["by the crops it was made from"]),
  ];
  const beside = crops.length > 0 ? ` (${crops.join("; ")})` : "";
  if (rank === 1) return `${judge} finds the cell, too: ${place}${beside}`;
  if (rank <= Math.max(2, among / 8)) return `${judge} nearly finds the cell: ${place}${beside}`;
  return `${judge} does not find the cell: ${place}${beside}`;
}

/** What the judgement says, exactly. */
export const JUDGEMENT =
  "A second network, which took no part in the picture, compares it with real crops of this and " +
  "other cells: 1st means that this cell’s crops are the most like it there";

export function describePlace(grid: number, cell: number): string {
  return `row ${Math.floor(cell / grid) + 1}, column ${(cell % grid) + 1}`;
}

export function describeSamples(grid: Grid | null, cell: number, count?: number): string {
  return plural(count ?? grid?.counts[cell] ?? 0, "sample");
}

/** In place of the name of a cell that is named after no class: that it is so, and why. */
export const describeUnnamed = (whyNot: string): string =>
  capitalized(NO_CERTAIN_CLASS) + (whyNot ? `: ${whyNot}` : "");

/** In place of what is not here yet: why. */
export function describeWaiting(connected: boolean, live: boolean, card: boolean): string {
  if (!live && card) return NOT_SAVED;
  if (!connected) return KERNEL_WENT;
  return card ? "Classes are being computed…" : "Reading the cell…";
}

/** The meaning of a live picture's cosine. */
export const COSINE =
  "Cosine between the layer’s activation for this picture and the direction that it shows: 1 is a perfect match";

/** Describe the progress of live pictures; of several, `at` is the one whose cosine is shown. */
export function describeProgress(
  now: Inspection | null,
  connected: boolean,
  at: number | null = null,
): string {
  if (now?.failed) return `It could not be made: ${now.failed}`;
  const known = at === null ? now?.cosine : now?.cosines[at];
  const cosine = typeof known === "number" ? ` · cosine\u00a0${formatDecimal(known)}` : "";
  if (!connected) {
    if (!now || now.step === 0) return "The picture from the atlas; no kernel is running";
    return now.done ? `${now.step} steps${cosine}` : `Stopped at step ${now.step}${cosine}`;
  }
  if (!now || now.step === 0) return now?.paused ? "Paused" : "Waiting for the first frame…";
  if (now.done) return `Finished: ${now.step} steps${cosine}`;
  return `${now.paused ? "Paused at step" : "Step"} ${now.step} of ${now.steps}${cosine}`;
}

/** A direction between two cells. */
export function describeMix(share: number): string {
  return `${formatDecimal(1 - share)}·A + ${formatDecimal(share)}·B`;
}

export function formatCosine(cosine: number | null): string {
  return cosine === null ? "–" : formatDecimal(cosine);
}
