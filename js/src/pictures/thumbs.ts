import {
  cellGroup,
  gridOf,
  groupOf,
  type PictureGroup,
  type PictureKey,
} from "../protocol/picture_key";
import type { Context2D } from "../util/decode";
import { THUMB } from "./copies";
import type { Thumb } from "./picture";

const SIDE = 512;
const PER_SIDE = SIDE / THUMB;

interface Page {
  canvas: OffscreenCanvas;
  context: OffscreenCanvasRenderingContext2D;
}

/** Cells of a grid that lie together. */
export interface CellBlock {
  col0: number;
  row0: number;
  cols: number;
  rows: number;
}

/**
 * A small version of every picture that ever arrived. They stay, 256 bytes each, so that there is
 * always something to draw. Those of cells are laid out like the atlas itself, others row by row.
 */
export class Thumbs {
  /** The pages of each group, row by row. */
  private readonly groups = new Map<PictureGroup, (Page | undefined)[]>();
  /** The places of those that are not of cells: in the order in which they came. */
  private readonly places = new Map<PictureGroup, Map<PictureKey, number>>();
  private pixels = 0;

  get bytes(): number {
    return this.pixels * 4;
  }

  /** Takes a picture in, `side` pixels at (x, y) of `source`; returns where it lies from now on. */
  put(key: PictureKey, source: CanvasImageSource, x: number, y: number, side: number): Thumb {
    const group = groupOf(key);
    const pages = this.groups.get(group) ?? [];
    this.groups.set(group, pages);
    const [columns, at] = this.placeOf(group, key);
    const index = pageOf(columns, at);
    let page = pages[index];
    if (!page) {
      const length = Math.min(SIDE, columns * THUMB);
      const canvas = new OffscreenCanvas(length, length);
      page = { canvas, context: canvas.getContext("2d")! };
      pages[index] = page;
      this.pixels += length * length;
    }
    const [left, top] = placeOn(columns, at);
    page.context.drawImage(source, x, y, side, side, left, top, THUMB, THUMB);
    return { canvas: page.canvas, x: left, y: top };
  }

  /** The number of columns that a picture's group has, and its own number among them. */
  private placeOf(group: PictureGroup, key: PictureKey): [columns: number, at: number] {
    const grid = gridOf(group);
    if (grid !== null) return [grid, Number(key.slice(group.length + 1))];
    const places = this.places.get(group) ?? new Map<PictureKey, number>();
    this.places.set(group, places);
    const at = places.get(key) ?? places.size;
    places.set(key, at);
    return [PER_SIDE, at];
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
    const pages = this.groups.get(cellGroup(grid));
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
    this.groups.clear();
    this.places.clear();
    this.pixels = 0;
  }
}

function pageOf(columns: number, at: number): number {
  const across = Math.ceil(columns / PER_SIDE);
  const row = Math.floor(at / columns);
  return Math.floor(row / PER_SIDE) * across + Math.floor((at % columns) / PER_SIDE);
}

function placeOn(columns: number, at: number): [number, number] {
  const row = Math.floor(at / columns);
  return [((at % columns) % PER_SIDE) * THUMB, (row % PER_SIDE) * THUMB];
}
