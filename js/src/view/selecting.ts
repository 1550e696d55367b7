import type { Grid } from "../geometry/grids";
import { type Combine, combine, moveToGrid } from "../geometry/selection";
import type { Store } from "../store/store";

/** The commands of a view for the selection, which all views of a store share. */
export class Selecting {
  constructor(
    private readonly store: Store,
    private readonly shown: () => Grid | null,
  ) {}

  /** The selection as cells of a grid. */
  private selectedOn(grid: Grid): number[] {
    const { grid: from, cells } = this.store.selection.peek();
    return moveToGrid(cells, from, grid);
  }

  /** Combines cells of the grid shown with what is selected; `observe`rs hear of it once. */
  select(cells: readonly number[], how: Combine): void {
    const grid = this.shown();
    if (grid) this.selectOn(grid, cells, how);
  }

  selectOn(grid: Grid, cells: readonly number[], how: Combine): void {
    this.store.select(grid.size, combine(this.selectedOn(grid), cells, how));
  }

  toggle(cell: number): void {
    const grid = this.shown();
    if (grid) this.select([cell], this.selectedOn(grid).includes(cell) ? "remove" : "add");
  }

  /** Select those cells of the grid shown that are not selected. */
  invert(): void {
    const grid = this.shown();
    if (grid)
      this.selectOn(grid, combine([...grid.ids], this.selectedOn(grid), "remove"), "replace");
  }

  clear(): boolean {
    const { grid, cells } = this.store.selection.peek();
    if (cells.length === 0) return false;
    this.store.select(grid, []);
    return true;
  }

  undo(): boolean {
    return this.store.selections.undo();
  }

  redo(): boolean {
    return this.store.selections.redo();
  }
}
