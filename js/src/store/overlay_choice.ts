/**
 * The overlay that is shown, and its text: the trait `overlay`, written the same way by
 * `atlas_widget/widget/overlays.py`.
 */
import { INFLUENCE, OVERLAYS, UNIT } from "../protocol/shared";
import type { Capability } from "./capabilities";

export type PlainKind = (typeof OVERLAYS)[number];
export type OverlayKind = PlainKind | "influence" | "unit";

/** The order in which one key goes through them. */
const ROUND: readonly Exclude<OverlayKind, "unit">[] = [
  "pictures",
  "crops",
  "density",
  "top class",
  "influence",
  "fidelity",
  "doubt",
];

/** `class` is a class's index among the model's outputs; -1 where its name is not known. */
export type OverlayChoice =
  | { kind: PlainKind }
  | { kind: "influence"; class: number }
  | { kind: "unit"; unit: number };

/** A class that has no name of its own is called by its number. */
export const className = (names: readonly string[], index: number): string =>
  names[index] ?? `class ${index}`;

export function readOverlay(text: unknown, names: readonly string[]): OverlayChoice {
  if (typeof text !== "string") return { kind: "pictures" };
  if (text.startsWith(INFLUENCE)) {
    const name = text.slice(INFLUENCE.length);
    const numbered = /^class (\d+)$/.exec(name);
    const index = names.indexOf(name);
    return { kind: "influence", class: index < 0 && numbered ? Number(numbered[1]) : index };
  }
  const unit = text.startsWith(UNIT) ? Number(text.slice(UNIT.length)) : Number.NaN;
  if (Number.isInteger(unit) && unit >= 0) return { kind: "unit", unit };
  return { kind: OVERLAYS.find((kind) => kind === text) ?? "pictures" };
}

export function writeOverlay(choice: OverlayChoice, names: readonly string[]): string {
  if (choice.kind === "influence") return `${INFLUENCE}${className(names, choice.class)}`;
  return choice.kind === "unit" ? `${UNIT}${choice.unit}` : choice.kind;
}

/** The ability without which an overlay has nothing to show. */
const NEEDS: Partial<Record<OverlayKind, Capability>> = { crops: "crops", doubt: "doubt" };

type Can = (capability: Capability) => boolean;

/** True if what stands behind a view has what an overlay shows. */
export function isPossible(kind: OverlayKind, can: Can): boolean {
  const needed = NEEDS[kind];
  return needed === undefined || can(needed);
}

/**
 * The next overlay, or the one before, of those that are possible. `last` is the class whose influence
 * was shown last; without one, and without classes, what needs them is passed over.
 */
export function nextOverlay(
  now: OverlayChoice,
  by: 1 | -1,
  last: number | null,
  classes: boolean,
  can: Can = () => true,
): OverlayChoice {
  const possible = ROUND.filter((kind) => {
    if (kind === "influence") return classes && last !== null;
    return kind === "top class" ? classes : isPossible(kind, can);
  });
  const at = now.kind === "unit" ? 0 : possible.indexOf(now.kind);
  const kind = possible[(at + by + possible.length) % possible.length];
  return kind === "influence" ? { kind, class: last ?? 0 } : { kind };
}
