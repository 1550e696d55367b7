/** What the widget says about pictures and cells. Short, in the field's words. */
import type { Grid } from "./grids";
import type { Inspection } from "./inspections";
import { isDoubtful } from "./pictures";
import { formatCount } from "./traits";

/** Why a button cannot be pressed. */
export const NO_KERNEL = "There is no kernel to do it";

export interface Known {
  grid: number;
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
export function describePicture(known: Known | null): string {
  if (!known) return "no picture yet";
  const cosine = known.cosine === null ? "" : `, cosine ${known.cosine.toFixed(2)}`;
  switch (toneOf(known)) {
    case "crop":
      return "a real crop; the layer’s own picture is to come";
    case "rough":
      return `rough${cosine}; a finer pass is to come`;
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

export function describePlace(grid: number, cell: number): string {
  return `row ${Math.floor(cell / grid) + 1}, column ${(cell % grid) + 1}`;
}

export function describeSamples(grid: Grid | null, cell: number, count?: number): string {
  const samples = count ?? grid?.counts[cell] ?? 0;
  return `${formatCount(samples)} ${samples === 1 ? "sample" : "samples"}`;
}

export function plural(count: number, one: string, many = `${one}s`): string {
  return `${formatCount(count)} ${count === 1 ? one : many}`;
}

/** Contributions to a logit: a sign always, as many digits as tell something. */
export function formatValue(value: number): string {
  const size = Math.abs(value);
  const digits = size >= 100 ? 0 : size >= 10 ? 1 : size >= 0.095 ? 2 : 3;
  const text = size.toFixed(digits);
  if (Number(text) === 0) return "0";
  return `${value < 0 ? "−" : "+"}${text}`;
}

/** In place of what is not here yet: why. */
export function describeWaiting(connected: boolean, card: boolean): string {
  if (!connected) return "Not known: the kernel went before it was asked.";
  return card ? "Classes are being computed…" : "Reading the cell…";
}

/** What the cosine of a live picture is of. */
export const COSINE =
  "Cosine: of the layer’s answer to the picture as it stands with the direction that it pictures";

/** How far live pictures are; of several, `at` is the one whose cosine is told. */
export function describeProgress(
  now: Inspection | null,
  connected: boolean,
  at: number | null = null,
): string {
  if (now?.failed) return `It cannot be made: ${now.failed}`;
  const known = at === null ? now?.cosine : now?.cosines[at];
  const cosine = typeof known === "number" ? ` · cosine\u00a0${known.toFixed(2)}` : "";
  if (!connected) {
    if (!now || now.step === 0) return "The atlas’s picture; there is no kernel";
    return now.done ? `${now.step} steps${cosine}` : `Left at step ${now.step}${cosine}`;
  }
  if (!now || now.step === 0) return now?.paused ? "Paused" : "Waiting for the first frame…";
  if (now.done) return `Finished: ${now.step} steps${cosine}`;
  return `${now.paused ? "Paused at step" : "Step"} ${now.step} of ${now.steps}${cosine}`;
}

/** A direction between two cells. */
export function describeMix(share: number): string {
  return `${(1 - share).toFixed(2)}·A + ${share.toFixed(2)}·B`;
}

export function formatCosine(cosine: number | null): string {
  return cosine === null ? "–" : cosine.toFixed(2).replace("-", "−");
}

/** Three digits that tell something. */
export function formatPlain(value: number): string {
  if (value === 0 || !Number.isFinite(value)) return "0";
  const text = Math.abs(value) >= 1000 ? value.toFixed(0) : value.toPrecision(3);
  return text.replace("-", "−");
}

/** Standard deviations, always with a sign. */
export function formatSigma(value: number): string {
  const text = Math.abs(value).toFixed(1);
  if (Number(text) === 0) return "0 σ";
  return `${value < 0 ? "−" : "+"}${text} σ`;
}
