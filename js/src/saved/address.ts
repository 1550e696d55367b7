import type { Box } from "../geometry/geometry";
import { INFLUENCE, OVERLAYS } from "../protocol/shared";
import type { SavedPage } from "./format";

/** The part of a view that an address says; the names are those of the widget's traits. */
export interface AddressedView {
  viewport: Box | null;
  fixed_level: number | null;
  level: number;
  selection: readonly number[];
  overlay: string;
  opened: readonly [number, number] | null;
  /** The id of the note that was gone to. */
  note: string;
  /** The unit whose page is open in the view of units. */
  unit: number | null;
}

const MAX_OVERLAY = 200;

/** What stands after the # of an address; empty for a view that is as in the beginning. */
export function writeAddress(view: AddressedView): string {
  const parts: [string, string][] = [];
  if (view.viewport && view.viewport.join() !== "0,0,1,1") {
    parts.push(["viewport", view.viewport.map((edge) => +edge.toFixed(4)).join()]);
  }
  if (view.fixed_level !== null) parts.push(["fixed_level", String(view.fixed_level)]);
  if (view.selection.length > 0) {
    parts.push(["level", String(view.level)], ["selection", view.selection.join()]);
  }
  if (view.overlay !== "pictures") parts.push(["overlay", encodeURIComponent(view.overlay)]);
  if (view.opened) parts.push(["opened", view.opened.join()]);
  if (view.unit !== null) parts.push(["unit", String(view.unit)]);
  if (view.note) parts.push(["note", view.note]);
  return parts.map(([name, value]) => `${name}=${value}`).join("&");
}

/** The traits that an address asks for; what makes no sense in this page is left as it was saved. */
export function readAddress(hash: string, page: SavedPage): Record<string, unknown> {
  const said = new Map(hash.replace(/^#/, "").split("&").map(pairOf));
  const cells = new Map(page.layout.grids.map(({ size, ids }) => [size, new Set(ids)]));
  const numbers = (name: string): number[] =>
    (said.get(name) ?? "")
      .split(",")
      .filter((text) => text.trim() !== "")
      .map(Number);
  const traits: Record<string, unknown> = {};

  const box = numbers("viewport");
  const isBox = box.length === 4 && box.every(Number.isFinite);
  traits.viewport = isBox && box[0] < box[2] && box[1] < box[3] ? box : [0, 0, 1, 1];

  const [fixed] = numbers("fixed_level");
  traits.fixed_level = cells.has(fixed) ? fixed : null;

  const [level] = numbers("level");
  const chosen = numbers("selection").filter((cell) => cells.get(level)?.has(cell));
  traits.selection = chosen;
  traits.level = cells.has(level) ? level : Math.min(...cells.keys());

  const overlay = said.get("overlay") ?? "";
  traits.overlay = isOverlay(overlay, page) ? overlay : "pictures";

  const [unit] = numbers("unit");
  const isUnit = page.units?.pages.some((saved) => saved.unit === unit) ?? false;
  traits.unit = isUnit ? unit : null;
  traits.mode = isUnit ? "units" : "atlas";

  const note = said.get("note") ?? "";
  traits.note = page.notes?.ids.includes(note) ? note : "";

  const [grid, cell] = numbers("opened");
  traits.opened = cells.get(grid)?.has(cell) ? [grid, cell] : [];
  return traits;
}

function isOverlay(text: string, page: SavedPage): boolean {
  if (text.startsWith(INFLUENCE)) return text.length <= MAX_OVERLAY;
  if (text === "crops" && page.crops === null) return false;
  if (text === "doubt" && page.grids.every(({ diagnoses }) => diagnoses === null)) return false;
  return OVERLAYS.some((known) => known === text);
}

function pairOf(part: string): [string, string] {
  const at = part.indexOf("=");
  const [name, value] = at < 0 ? [part, ""] : [part.slice(0, at), part.slice(at + 1)];
  try {
    return [name, decodeURIComponent(value)];
  } catch {
    return [name, ""]; // a % that stands for nothing
  }
}
