import type { Canvas, Context2D } from "../decode";
import { contextOf, makeCanvas } from "../decode";
import type { Grid } from "../grids";
import { childrenOf, divides } from "../grids";
import { Lru } from "../lru";
import type { CellStyle } from "./cell";
import { drawCell } from "./cell";
import type { Scene } from "./renderer";

export const TILE = 512;
/** About 1 MB each. */
const MAX_TILES = 128;
const NEW_PER_FRAME = 2;
const BUDGET = 6;

interface Tile {
  grid: Grid;
  level: number;
  tx: number;
  ty: number;
  canvas: Canvas;
  context: Context2D;
  cells: number[];
  drawn: number;
  /** Cells already drawn that look different now. */
  stale: Set<number>;
}

/** How often the unit square is halved so that a tile has at least the screen's density. */
export function tileLevel(pixelsPerUnit: number): number {
  return Math.max(0, Math.ceil(Math.log2(pixelsPerUnit / TILE)));
}

const keyOf = (grid: number, level: number, tx: number, ty: number) =>
  `${grid}/${level}/${tx}/${ty}`;

/**
 * A pyramid of tiles aligned with the atlas, so that panning draws a handful of images instead of
 * thousands. A tile is composed over several frames if need be; until then an ancestor or its
 * children show through.
 */
export class TilePyramid {
  private readonly tiles = new Lru<string, Tile>(MAX_TILES);

  clear(): void {
    this.tiles.clear();
  }

  get count(): number {
    return this.tiles.size;
  }

  picturesChanged(grid: number, cells: readonly number[]): void {
    for (const tile of this.tiles.values()) {
      if (tile.grid.size === grid) {
        for (const cell of cells) if (touches(tile, cell)) tile.stale.add(cell);
      } else if (divides(grid, tile.grid.size)) {
        // Finer cells for which this picture stands in.
        for (const cell of cells) {
          for (const child of childrenOf(cell, grid, tile.grid.size)) {
            if (tile.grid.has(child) && touches(tile, child)) tile.stale.add(child);
          }
        }
      }
    }
  }

  /** Draws what is in view; true if tiles are still to be composed. */
  draw(context: Context2D, scene: Scene): boolean {
    const { camera, ratio, size } = scene;
    const k = camera.k * ratio;
    const level = tileLevel(k);
    const across = 2 ** level;
    const side = k / across;
    const [left, top] = [camera.x * ratio, camera.y * ratio];
    const index = (pixels: number) => Math.floor(pixels / side);
    const clampIndex = (value: number) => Math.min(Math.max(value, 0), across - 1);
    const tx0 = clampIndex(index(-left));
    const tx1 = clampIndex(index(size.width * ratio - left - 1e-6));
    const ty0 = clampIndex(index(-top));
    const ty1 = clampIndex(index(size.height * ratio - top - 1e-6));
    const wanted: [number, number][] = [];
    for (let ty = ty0; ty <= ty1; ty++) for (let tx = tx0; tx <= tx1; tx++) wanted.push([tx, ty]);
    const [mx, my] = [(tx0 + tx1) / 2, (ty0 + ty1) / 2];
    wanted.sort((a, b) => Math.hypot(a[0] - mx, a[1] - my) - Math.hypot(b[0] - mx, b[1] - my));

    const end = performance.now() + BUDGET;
    let fresh = 0;
    let unfinished = false;
    for (const [tx, ty] of wanted) {
      const key = keyOf(scene.grid.size, level, tx, ty);
      let tile = this.tiles.get(key);
      if (!tile && fresh < NEW_PER_FRAME && performance.now() < end) {
        tile = newTile(scene.grid, level, tx, ty);
        this.tiles.set(key, tile);
        fresh++;
      }
      if (tile) compose(tile, scene, end);
      const done = tile !== undefined && isDone(tile);
      if (!done) unfinished = true;
      // Snapped edges: no seams between neighbours.
      const x0 = Math.round(left + tx * side);
      const y0 = Math.round(top + ty * side);
      const x1 = Math.round(left + (tx + 1) * side);
      const y1 = Math.round(top + (ty + 1) * side);
      if (!tile || tile.drawn < tile.cells.length) {
        this.drawSubstitute(context, scene.grid.size, level, tx, ty, x0, y0, x1, y1);
      }
      if (tile && tile.drawn > 0) context.drawImage(tile.canvas, x0, y0, x1 - x0, y1 - y0);
    }
    return unfinished;
  }

  /** What is known of a place from other levels: an ancestor's part, else the children. */
  private drawSubstitute(
    context: Context2D,
    grid: number,
    level: number,
    tx: number,
    ty: number,
    x0: number,
    y0: number,
    x1: number,
    y1: number,
  ): void {
    for (let up = 1; up <= Math.min(level, 4); up++) {
      const tile = this.tiles.peek(keyOf(grid, level - up, tx >> up, ty >> up));
      if (!tile || tile.drawn < tile.cells.length) continue;
      const part = TILE / 2 ** up;
      const mask = 2 ** up - 1;
      context.drawImage(
        tile.canvas,
        (tx & mask) * part,
        (ty & mask) * part,
        part,
        part,
        x0,
        y0,
        x1 - x0,
        y1 - y0,
      );
      return;
    }
    const [w, h] = [(x1 - x0) / 2, (y1 - y0) / 2];
    for (let dy = 0; dy < 2; dy++) {
      for (let dx = 0; dx < 2; dx++) {
        const tile = this.tiles.peek(keyOf(grid, level + 1, tx * 2 + dx, ty * 2 + dy));
        if (tile) context.drawImage(tile.canvas, x0 + dx * w, y0 + dy * h, w, h);
      }
    }
  }
}

function newTile(grid: Grid, level: number, tx: number, ty: number): Tile {
  const across = 2 ** level;
  const canvas = makeCanvas(TILE, TILE);
  return {
    grid,
    level,
    tx,
    ty,
    canvas,
    context: contextOf(canvas),
    cells: grid.inBox([tx / across, ty / across, (tx + 1) / across, (ty + 1) / across]),
    drawn: 0,
    stale: new Set(),
  };
}

const isDone = (tile: Tile) => tile.drawn >= tile.cells.length && tile.stale.size === 0;

function touches(tile: Tile, cell: number): boolean {
  const slots = tile.grid.size / 2 ** tile.level;
  const col = cell % tile.grid.size;
  const row = Math.floor(cell / tile.grid.size);
  return (
    col + 1 > tile.tx * slots &&
    col < (tile.tx + 1) * slots &&
    row + 1 > tile.ty * slots &&
    row < (tile.ty + 1) * slots
  );
}

/** Draws cells into the tile until it is complete or the frame's time is up. */
function compose(tile: Tile, scene: Scene, end: number): void {
  if (isDone(tile)) return;
  // No fading within tiles: they hold many small pictures, drawn once.
  const style: CellStyle = { ...scene, fade: 0 };
  const across = 2 ** tile.level;
  const slot = (across * TILE) / tile.grid.size;
  const { context } = tile;
  context.imageSmoothingQuality = "low";
  const paint = (cell: number) => {
    const x = (cell % tile.grid.size) * slot - tile.tx * TILE;
    const y = Math.floor(cell / tile.grid.size) * slot - tile.ty * TILE;
    context.clearRect(x, y, slot, slot);
    drawCell(context, style, cell, x, y, slot, slot >= 6);
  };
  let left = 32;
  while (tile.drawn < tile.cells.length) {
    const cell = tile.cells[tile.drawn++];
    tile.stale.delete(cell);
    paint(cell);
    if (--left === 0) {
      if (performance.now() > end) return;
      left = 32;
    }
  }
  for (const cell of tile.stale) {
    tile.stale.delete(cell);
    paint(cell);
    if (--left === 0) {
      if (performance.now() > end) return;
      left = 32;
    }
  }
}
