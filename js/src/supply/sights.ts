import type { CellRange } from "../geometry/geometry";
import { inRange } from "../geometry/geometry";
import { cellOf, type PictureKey } from "../protocol/picture_key";

/** What a view looks at: a range of a grid, and the cells in it from the middle outwards. */
export interface InSight {
  grid: number;
  range: CellRange;
  cells: number[];
}

/** What all views of a store look at. */
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

  /** What the other views see of the grid that this one looks at. */
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
