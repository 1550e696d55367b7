import type { Grid } from "../geometry/grids";
import { divides } from "../geometry/grids";
import type { Canvas, Context2D } from "../util/decode";
import { contextOf, makeCanvas } from "../util/decode";
import type { CellStyle } from "./cell";
import { drawCell } from "./cell";
import { Pace } from "./pace";
import type { Scene } from "./renderer";
import { type TilePlace, tilePlace } from "./tile_level";

/** Smaller cells are not snapped to whole pixels: too much of them would be lost. */
const SNAPPED_FROM = 6;
/** Cells that are drawn between two looks at the clock. */
const CELLS_PER_LOOK = 16;
/** The cost of finding out that a picture is not there yet. */
const LOOK_COST = 0.2;

/** A part of a grid as an image. */
export interface Tile extends TilePlace {
  grid: Grid;
  /** The side of a cell in pixels. */
  level: number;
  canvas: Canvas;
  context: Context2D;
  cells: number[];
  /** The number of its cells that have had their turn. */
  next: number;
  /** Cells that had theirs and look different now. */
  stale: Set<number>;
  /** Cells whose picture is not decoded yet; a coarser tile shows through. */
  waiting: Set<number>;
  /** True once there is a picture of all of it, if not the latest. */
  whole: boolean;
  /** Nothing was drawn twice so far: nothing has to be cleared. */
  fresh: boolean;
}

export function makeTile(grid: Grid, level: number, tx: number, ty: number): Tile {
  const place = tilePlace(grid.size, level, tx, ty);
  const { col0, row0, cols, rows } = place;
  const canvas = makeCanvas(cols * level, rows * level);
  return {
    ...place,
    grid,
    level,
    canvas,
    context: contextOf(canvas),
    cells: grid.inRange({ row0, row1: row0 + rows - 1, col0, col1: col0 + cols - 1 }),
    next: 0,
    stale: new Set(),
    waiting: new Set(),
    whole: false,
    fresh: true,
  };
}

/** True if there is something to compose now, rather than once more pictures are decoded. */
export const isUnfinished = (tile: Tile) => tile.next < tile.cells.length || tile.stale.size > 0;

/** Tries once more what waits: pictures may have been forgotten before they were decoded. */
export function retry(tile: Tile): void {
  for (const cell of tile.waiting) tile.stale.add(cell);
  tile.waiting.clear();
}

/** Begins anew over what is there. */
export function restart(tile: Tile): void {
  tile.next = 0;
  tile.stale.clear();
  tile.waiting.clear();
  tile.fresh = false;
}

/** Notes that pictures of this or a coarser grid, which stand in for it, have changed. */
export function markStale(tile: Tile, grid: number, cells: readonly number[]): void {
  const { size } = tile.grid;
  const factor = size / grid;
  if (grid !== size && !divides(grid, size)) return;
  const [colEnd, rowEnd] = [tile.col0 + tile.cols, tile.row0 + tile.rows];
  for (const cell of cells) {
    const col = (cell % grid) * factor;
    const row = Math.floor(cell / grid) * factor;
    const lastCol = Math.min(col + factor, colEnd);
    const lastRow = Math.min(row + factor, rowEnd);
    for (let r = Math.max(row, tile.row0); r < lastRow; r++) {
      for (let c = Math.max(col, tile.col0); c < lastCol; c++) {
        const own = r * size + c;
        if (tile.grid.has(own)) tile.stale.add(own);
      }
    }
  }
}

/**
 * Draws cells into the tile until it is finished, the quota is spent or the time `end` has come;
 * returns what it cost. Where something coarser shows through (`covered`), a picture that is not
 * decoded at this size is left out until it is, rather than drawn twice.
 */
export function composeTile(
  tile: Tile,
  scene: Scene,
  quota: number,
  covered: boolean,
  end: number,
): number {
  if (!isUnfinished(tile)) return 0;
  // No fading within tiles: they hold many small pictures, drawn once.
  const style: CellStyle = { ...scene, fade: 0 };
  const { context, level, grid } = tile;
  const cost = Pace.costOf(level);
  context.imageSmoothingQuality = "low";
  let spent = 0;
  let untilLook = CELLS_PER_LOOK;
  const paint = (cell: number, again: boolean) => {
    if (--untilLook === 0) {
      untilLook = CELLS_PER_LOOK;
      if (performance.now() > end) quota = 0;
    }
    const picture = scene.pictures.get(grid.key(cell));
    if (picture && covered && !scene.pictures.isReady(picture, level)) {
      tile.waiting.add(cell);
      spent += LOOK_COST;
      return;
    }
    tile.waiting.delete(cell);
    const x = ((cell % grid.size) - tile.col0) * level;
    const y = (Math.floor(cell / grid.size) - tile.row0) * level;
    if (again) context.clearRect(x, y, level, level);
    drawCell(context, style, cell, x, y, level, level >= SNAPPED_FROM);
    spent += cost;
  };
  while (tile.next < tile.cells.length && spent < quota) {
    const cell = tile.cells[tile.next++];
    tile.stale.delete(cell);
    paint(cell, !tile.fresh);
  }
  for (const cell of tile.stale) {
    if (spent >= quota) break;
    tile.stale.delete(cell);
    paint(cell, true);
  }
  if (tile.next >= tile.cells.length && tile.waiting.size === 0) tile.whole = true;
  return spent;
}
