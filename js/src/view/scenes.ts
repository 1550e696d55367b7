import type { ReadonlySignal } from "@preact/signals";
import type { Camera } from "../geometry/geometry";
import type { Grid } from "../geometry/grids";
import type { ActivePlace } from "../geometry/place";
import { prefersReducedMotion } from "../page/theme";
import type { Panels } from "../panels/panels";
import type { Store } from "../store/store";
import type { OverlayLayer } from "./overlay_layer";
import type { AreaGesture } from "./pointer";

/** The part of a view that is drawn. */
export interface SceneHost {
  readonly store: Pick<Store, "layout" | "pictures" | "realCrops" | "selection" | "label">;
  readonly overlays: Pick<OverlayLayer, "tint" | "words">;
  readonly panels: Pick<Panels, "shown">;
  readonly camera: ReadonlySignal<Camera>;
  readonly moving: ReadonlySignal<boolean>;
  readonly active: ReadonlySignal<ActivePlace | null>;
  readonly found: ReadonlySignal<{ grid: number; cells: Set<number> } | null>;
  readonly gesture: ReadonlySignal<AreaGesture | null>;
  readonly showsCrops: boolean;
  shownGrid(): Grid | null;
}

/** A picture that arrives fades in over this time (ms). */
const FADE = 150;

/** The scene that a view shows now, for the renderer; null while there is nothing. */
export function sceneOf(view: SceneHost) {
  const { store } = view;
  const layout = store.layout.peek();
  const grid = view.shownGrid();
  if (!layout || !grid) return null;
  return {
    grid,
    grids: layout.grids,
    pictures: view.showsCrops ? store.realCrops.pictures : store.pictures,
    tint: view.overlays.tint,
    camera: view.camera.peek(),
    moving: view.moving.peek(),
    fade: prefersReducedMotion() ? 0 : FADE,
    label: (cell: number) => wordsOf(view, grid, cell),
  };
}

/** The words in a large cell: what an overlay shows of it, and its label. */
function wordsOf(view: SceneHost, grid: Grid, cell: number): string | null {
  const words = [view.overlays.words(grid, cell), view.store.label(grid.key(cell))];
  return words.filter(Boolean).join(" · ") || null;
}

/** The marks above the pictures: they change with the pointer. */
export function marksOf(view: SceneHost) {
  const selection = view.store.selection.peek();
  const active = view.active.peek();
  return {
    camera: view.camera.peek(),
    selection: view.store.layout.peek() && selection.grid > 0 ? selection : null,
    found: view.found.peek(),
    active: active && { ...active, strong: active.by === "keyboard" },
    opened: view.panels.shown.peek().map((panel) => panel.place),
    gesture: view.gesture.peek(),
  };
}
