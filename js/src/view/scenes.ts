import type { Grid } from "../geometry/grids";
import { prefersReducedMotion } from "../page/theme";
import type { View } from "./view";

/** A picture that arrives fades in over this time (ms). */
const FADE = 150;

/** What a view shows at this moment, for the renderer; null while there is nothing. */
export function sceneOf(view: View) {
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

/** What is written into a large cell: what an overlay shows of it, and its label. */
function wordsOf(view: View, grid: Grid, cell: number): string | null {
  const words = [view.overlays.words(grid, cell), view.store.label(grid.size, cell)];
  return words.filter(Boolean).join(" · ") || null;
}

/** What is drawn above the pictures: it changes with the pointer. */
export function marksOf(view: View) {
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
