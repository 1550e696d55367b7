import type { Box } from "../geometry/geometry";

/** The state of a view; the names are those of the widget's traits. */
export interface KeptView {
  layer: string;
  /** The subject of the atlas; empty where it is of all samples. */
  subject: readonly string[];
  /** Null where all of the atlas is in view. */
  viewport: Box | null;
  /** The grid that the selection is of. */
  level: number;
  fixedLevel: number | null;
  selection: readonly number[];
  overlay: string;
  opened: readonly [number, number] | null;
}

/** Whole numbers as Python writes them in a list: runs of three and more as a range. */
export function numbersInPython(numbers: readonly number[]): string {
  const parts: string[] = [];
  for (let from = 0; from < numbers.length; ) {
    let to = from;
    while (to + 1 < numbers.length && numbers[to + 1] === numbers[to] + 1) to++;
    if (to - from >= 2) parts.push(`*range(${numbers[from]}, ${numbers[to] + 1})`);
    else for (let at = from; at <= to; at++) parts.push(String(numbers[at]));
    from = to + 1;
  }
  return `[${parts.join(", ")}]`;
}

/** The line of Python that returns to a view; what is as in a fresh widget goes without saying. */
export function viewLine(view: KeptView, name = "w"): string {
  // A JSON text is a Python text as well.
  const entries: [string, string][] = [["layer", JSON.stringify(view.layer)]];
  if (view.subject.length > 0) {
    entries.push(["subject", `[${view.subject.map((part) => JSON.stringify(part)).join(", ")}]`]);
  }
  if (view.viewport) {
    entries.push(["viewport", `[${view.viewport.map((value) => +value.toFixed(4)).join(", ")}]`]);
  }
  if (view.fixedLevel !== null) entries.push(["fixed_level", String(view.fixedLevel)]);
  if (view.selection.length > 0) {
    entries.push(["level", String(view.level)]);
    entries.push(["selection", numbersInPython(view.selection)]);
  }
  if (view.overlay !== "pictures") entries.push(["overlay", JSON.stringify(view.overlay)]);
  if (view.opened) entries.push(["opened", `[${view.opened.join(", ")}]`]);
  return `${name}.view = {${entries.map(([key, value]) => `"${key}": ${value}`).join(", ")}}`;
}
