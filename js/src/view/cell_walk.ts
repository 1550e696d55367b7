import type { Signal } from "@preact/signals";
import { cellBox } from "../geometry/geometry";
import type { Grid } from "../geometry/grids";
import type { ActivePlace, Place } from "../geometry/place";
import type { Navigation } from "./navigation";
import type { Selecting } from "./selecting";

/** The part of a view that the keyboard acts on. */
export interface CellWalkHost {
  readonly active: Signal<ActivePlace | null>;
  readonly opened: Signal<Place | null>;
  readonly selecting: Selecting;
  readonly navigation: Navigation;
  shownGrid(): Grid | null;
}

/** The keyboard's way over cells: from one to the next, opening and selecting them. */
export class CellWalk {
  constructor(private readonly view: CellWalkHost) {}

  /** From the active cell in a direction, else into the middle of the view. */
  step(dRow: number, dCol: number): void {
    const { view } = this;
    const grid = view.shownGrid();
    if (!grid) return;
    const now = view.active.peek();
    const cell =
      now && now.grid === grid.size
        ? grid.neighbour(now.cell, dRow, dCol)
        : grid.nearest(...middle(view.navigation.viewport));
    if (cell >= 0) this.reach(grid, cell);
  }

  /** The same, and both cells are selected then. */
  selectStep(dRow: number, dCol: number): void {
    const { active, selecting } = this.view;
    const before = active.peek();
    this.step(dRow, dCol);
    const now = active.peek();
    if (!now) return;
    const cells = before?.grid === now.grid ? [before.cell, now.cell] : [now.cell];
    selecting.select(cells, "add");
  }

  open(): boolean {
    const active = this.view.active.peek();
    if (!active) return false;
    this.view.opened.value = { grid: active.grid, cell: active.cell };
    return true;
  }

  toggle(): boolean {
    const active = this.view.active.peek();
    if (active) this.view.selecting.toggle(active.cell);
    return active !== null;
  }

  /** To the cell at the same place of a grid that has come into view. */
  changeGrid(grid: Grid | null): void {
    const { active } = this.view;
    const before = active.peek();
    active.value = null;
    if (!grid || before?.by !== "keyboard") return;
    const cell = grid.nearest(...middle(cellBox(before.cell, before.grid)));
    if (cell >= 0) active.value = { grid: grid.size, cell, by: "keyboard" };
  }

  private reach(grid: Grid, cell: number): void {
    const { view } = this;
    const place = { grid: grid.size, cell };
    view.active.value = { ...place, by: "keyboard" };
    view.navigation.reveal(place.grid, place.cell);
    if (view.opened.peek()) view.opened.value = place;
  }
}

const middle = ([x0, y0, x1, y1]: readonly number[]): [number, number] => [
  (x0 + x1) / 2,
  (y0 + y1) / 2,
];
