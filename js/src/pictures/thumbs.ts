import type { Context2D } from "../util/decode";
import { THUMB } from "./copies";

const SIDE = 512;
const PER_SIDE = SIDE / THUMB;

interface Page {
  canvas: OffscreenCanvas;
  context: OffscreenCanvasRenderingContext2D;
}

/** Where a thumbnail is. */
export interface Place {
  canvas: OffscreenCanvas;
  x: number;
  y: number;
}

/** Cells of a grid that lie together. */
export interface CellBlock {
  col0: number;
  row0: number;
  cols: number;
  rows: number;
}

/**
 * A small picture of every cell that ever had one, laid out like the atlas itself. They stay: 256
 * bytes a cell, so that there is always something to draw.
 */
export class Thumbs {
  /** The pages of each grid, row by row. */
  private readonly grids = new Map<number, (Page | undefined)[]>();
  private pixels = 0;

  get bytes(): number {
    return this.pixels * 4;
  }

  /** Takes a picture in: `side` pixels at (x, y) of `source`. */
  put(
    grid: number,
    cell: number,
    source: CanvasImageSource,
    x: number,
    y: number,
    side: number,
  ): void {
    const pages = this.grids.get(grid) ?? [];
    this.grids.set(grid, pages);
    const index = pageOf(grid, cell);
    let page = pages[index];
    if (!page) {
      const length = Math.min(SIDE, grid * THUMB);
      const canvas = new OffscreenCanvas(length, length);
      page = { canvas, context: canvas.getContext("2d")! };
      pages[index] = page;
      this.pixels += length * length;
    }
    page.context.drawImage(source, x, y, side, side, ...placeOn(grid, cell), THUMB, THUMB);
  }

  /** Where the picture of a cell is; null if there never was one. */
  find(grid: number, cell: number): Place | null {
    const page = this.grids.get(grid)?.[pageOf(grid, cell)];
    if (!page) return null;
    const [x, y] = placeOn(grid, cell);
    return { canvas: page.canvas, x, y };
  }

  /** Draws a part of a grid into a box; cells that never had a picture stay as they are. */
  draw(
    context: Context2D,
    grid: number,
    part: CellBlock,
    x: number,
    y: number,
    width: number,
    height: number,
  ): void {
    const pages = this.grids.get(grid);
    if (!pages) return;
    const [colEnd, rowEnd] = [part.col0 + part.cols, part.row0 + part.rows];
    const [scaleX, scaleY] = [width / part.cols, height / part.rows];
    const start = (cell: number) => cell - (cell % PER_SIDE);
    for (let top = start(part.row0); top < rowEnd; top += PER_SIDE) {
      for (let left = start(part.col0); left < colEnd; left += PER_SIDE) {
        const page = pages[pageOf(grid, top * grid + left)];
        if (!page) continue;
        const [col0, row0] = [Math.max(left, part.col0), Math.max(top, part.row0)];
        const cols = Math.min(left + PER_SIDE, colEnd) - col0;
        const rows = Math.min(top + PER_SIDE, rowEnd) - row0;
        context.drawImage(
          page.canvas,
          (col0 - left) * THUMB,
          (row0 - top) * THUMB,
          cols * THUMB,
          rows * THUMB,
          x + (col0 - part.col0) * scaleX,
          y + (row0 - part.row0) * scaleY,
          cols * scaleX,
          rows * scaleY,
        );
      }
    }
  }

  clear(): void {
    this.grids.clear();
    this.pixels = 0;
  }
}

function pageOf(grid: number, cell: number): number {
  const across = Math.ceil(grid / PER_SIDE);
  const row = Math.floor(cell / grid);
  return Math.floor(row / PER_SIDE) * across + Math.floor((cell % grid) / PER_SIDE);
}

function placeOn(grid: number, cell: number): [number, number] {
  const row = Math.floor(cell / grid);
  return [((cell % grid) % PER_SIDE) * THUMB, (row % PER_SIDE) * THUMB];
}
