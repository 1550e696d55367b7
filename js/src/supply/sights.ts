import type { CellRange } from "../geometry/geometry";
import { inRange } from "../geometry/geometry";
import { cellOf, type PictureKey } from "../protocol/picture_key";

/** The cells in a view's sight: a range of a grid, and its cells from the middle outwards. */
export interface InSight {
  grid: number;
  range: CellRange;
  cells: number[];
}

/** The cells in sight of all views of a store. */
export class Sights {
  private readonly sights = new Map<object, InSight>();

  set(view: object, sight: InSight): void {
    this.sights.set(view, sight);
  }

  forget(view: object): void {
    this.sights.delete(view);
  }

  has(key: PictureKey): boolean {
    const place = cellOf(key);
    if (!place) return false;
    const { grid, cell } = place;
    for (const sight of this.sights.values()) {
      if (sight.grid === grid && isInRange(sight.range, cell, grid)) return true;
    }
    return false;
  }

  /** The cells of a view's grid that only the other views see. */
  besides(view: object): Set<number> {
    const mine = this.sights.get(view);
    const rest = new Set<number>();
    for (const [other, { grid, cells }] of this.sights) {
      if (!mine || other === view || grid !== mine.grid) continue;
      for (const cell of cells) if (!isInRange(mine.range, cell, grid)) rest.add(cell);
    }
    return rest;
  }
}

const isInRange = (range: CellRange, cell: number, grid: number) =>
  inRange(range, Math.floor(cell / grid), cell % grid);
