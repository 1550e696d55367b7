import type { Context2D } from "../decode";
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

  /** Draws all of a grid into a square; what has no picture stays as it is. */
  drawAll(context: Context2D, grid: number, side: number): void {
    const scale = side / (grid * THUMB);
    const across = Math.ceil(grid / PER_SIDE);
    this.grids.get(grid)?.forEach((page, index) => {
      if (!page) return;
      const length = page.canvas.width * scale;
      const x = (index % across) * SIDE * scale;
      context.drawImage(page.canvas, x, Math.floor(index / across) * SIDE * scale, length, length);
    });
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
