import { clamp } from "../geometry/geometry";
import type { KernelMessageOf } from "../protocol/messages";
import { formatPercent, formatShare } from "../util/numbers";

/** The place of a patch: its middle and its side, in fractions of the image. */
export interface PatchPlace {
  x: number;
  y: number;
  size: number;
}

export const MIN_SIZE = 0.05;
export const MAX_SIZE = 0.8;

/** The place moved inwards and sized so that the patch lies within the image. */
export function fitted({ x, y, size }: PatchPlace): PatchPlace {
  const side = clamp(size, MIN_SIZE, MAX_SIZE);
  return { x: clamp(x, side / 2, 1 - side / 2), y: clamp(y, side / 2, 1 - side / 2), size: side };
}

const STEP = 0.02;
const LONG_STEP = 0.1;

/** The place that a key moves a patch to; null if it means nothing to it. Shift goes further. */
export function movedByKey(place: PatchPlace, key: string, far: boolean): PatchPlace | null {
  const step = far ? LONG_STEP : STEP;
  const { x, y, size } = place;
  switch (key) {
    case "ArrowLeft":
      return fitted({ x: x - step, y, size });
    case "ArrowRight":
      return fitted({ x: x + step, y, size });
    case "ArrowUp":
      return fitted({ x, y: y - step, size });
    case "ArrowDown":
      return fitted({ x, y: y + step, size });
    case "+":
    case "=":
      return fitted({ x, y, size: size + step });
    case "-":
    case "−":
    case "_":
      return fitted({ x, y, size: size - step });
    default:
      return null;
  }
}

/** Resize a patch by its lower right corner: the upper left one stays. */
export function resized(place: PatchPlace, x: number, y: number): PatchPlace {
  const [left, top] = [place.x - place.size / 2, place.y - place.size / 2];
  const room = Math.min(MAX_SIZE, 1 - left, 1 - top);
  const size = clamp(Math.max(x - left, y - top), MIN_SIZE, Math.max(MIN_SIZE, room));
  return { x: left + size / 2, y: top + size / 2, size };
}

export function describePatch({ x, y, size }: PatchPlace): string {
  return `Patch, its middle ${formatPercent(x)} across and ${formatPercent(y)} down, its side ${formatPercent(size)} of the image. Arrow keys move it, plus and minus change its size.`;
}

/** The classes of an image with a patch, and without. */
export interface PatchClasses {
  image: number;
  x: number;
  y: number;
  classes: ChangedClass[];
}

export interface ChangedClass {
  index: number;
  name: string;
  /** Probabilities. */
  before: number;
  after: number;
  /** The change of the score. */
  score: number;
}

export function readPatchClasses(message: KernelMessageOf<"patch_classes">): PatchClasses {
  const { image, x, y } = message;
  const classes = message.classes.map((index, at) => ({
    index,
    name: message.names[at] ?? "",
    before: message.before[at] ?? 0,
    after: message.after[at] ?? 0,
    score: message.scores[at] ?? 0,
  }));
  return { image, x, y, classes };
}

/** Describe the change of the model's first answer. */
export function describeChange({ classes }: PatchClasses): string {
  const [after] = classes;
  const before = [...classes].sort((a, b) => b.before - a.before)[0];
  if (!after || !before) return "";
  if (after.index === before.index) {
    return `It stays “${after.name}”: ${formatShare(after.before)} without the patch, ${formatShare(after.after)} with it.`;
  }
  return `“${before.name}” becomes “${after.name}”.`;
}
