import type { GridCells } from "../protocol/messages";
import { cellGroup, keyIn, type PictureGroup, type PictureKey } from "../protocol/picture_key";
import type { Box, CellRange } from "./geometry";
import { boxOfCells, cellRange } from "./geometry";

/** One grid of the layout, with what drawing and hit tests ask for. */
export class Grid {
  readonly size: number;
  /** The pictures of its cells. */
  readonly group: PictureGroup;
  private readonly keys: PictureKey[] = [];
  readonly ids: Int32Array;
  /** Samples in each slot of the square, 0 where there is no cell. */
  readonly counts: Int32Array;
  /** The box around all cells. */
  readonly bounds: Box | null;
  private readonly typical: number;
  /** The number of cells above and left of each corner: a box is counted by its four. */
  private readonly above: Int32Array;

  /** `group` has the pictures of its cells; by default those of the atlas shown. */
  constructor(cells: GridCells, group = cellGroup(cells.size)) {
    this.size = cells.size;
    this.group = group;
    this.counts = new Int32Array(cells.size * cells.size);
    const ids: number[] = [];
    cells.ids.forEach((id, at) => {
      if (id < 0 || id >= this.counts.length) return;
      // A cell that is listed is a cell, whatever its count says.
      this.counts[id] = Math.max(1, cells.counts[at]);
      ids.push(id);
    });
    this.ids = Int32Array.from(ids);
    this.bounds = boxOfCells(ids, cells.size);
    this.above = countAbove(this.counts, this.size);
    const sorted = Array.from(ids, (id) => this.counts[id]).sort((a, b) => a - b);
    this.typical = sorted[Math.floor(sorted.length * 0.5)] ?? 1;
  }

  /** The name of a cell's picture, made once: drawing asks for it in every frame. */
  key(cell: number): PictureKey {
    let key = this.keys[cell];
    if (key === undefined) {
      key = keyIn(this.group, cell);
      this.keys[cell] = key;
    }
    return key;
  }

  has(cell: number): boolean {
    return cell >= 0 && cell < this.counts.length && this.counts[cell] > 0;
  }

  /**
   * The side of a cell's picture, relative to its slot: those with the median number of samples and
   * more fill it, the fewer there are the smaller it is, down to two thirds, which is legible.
   */
  side(cell: number): number {
    const share = this.counts[cell] / this.typical;
    return share >= 1 ? 1 : 0.68 + 0.32 * Math.sqrt(share);
  }

  inBox(box: Box, ring = 0): number[] {
    return this.inRange(cellRange(box, this.size, ring));
  }

  inRange(range: CellRange): number[] {
    const found: number[] = [];
    for (let row = range.row0; row <= range.row1; row++) {
      for (let col = range.col0; col <= range.col1; col++) {
        const cell = row * this.size + col;
        if (this.counts[cell] > 0) found.push(cell);
      }
    }
    return found;
  }

  countInBox(box: Box): number {
    const { row0, row1, col0, col1 } = cellRange(box, this.size);
    if (row1 < row0 || col1 < col0) return 0;
    const to = (row: number, col: number) => this.above[row * (this.size + 1) + col];
    return to(row1 + 1, col1 + 1) - to(row0, col1 + 1) - to(row1 + 1, col0) + to(row0, col0);
  }

  /** The nearest cell in a direction, for the arrow keys: straight ahead first, then aslant. */
  neighbour(cell: number, dRow: number, dCol: number): number {
    const row = Math.floor(cell / this.size);
    const col = cell % this.size;
    let best = -1;
    let bestCost = Number.POSITIVE_INFINITY;
    for (const id of this.ids) {
      const ahead = (Math.floor(id / this.size) - row) * dRow + ((id % this.size) - col) * dCol;
      if (ahead <= 0) continue;
      const aside = Math.abs(
        (Math.floor(id / this.size) - row) * dCol + ((id % this.size) - col) * dRow,
      );
      if (aside > 2 * ahead) continue;
      const cost = ahead + 3 * aside;
      if (cost < bestCost) {
        bestCost = cost;
        best = id;
      }
    }
    return best;
  }

  /** The cell nearest to a point of the atlas plane. */
  nearest(x: number, y: number): number {
    let best = -1;
    let bestDistance = Number.POSITIVE_INFINITY;
    for (const id of this.ids) {
      const dx = ((id % this.size) + 0.5) / this.size - x;
      const dy = (Math.floor(id / this.size) + 0.5) / this.size - y;
      const distance = dx * dx + dy * dy;
      if (distance < bestDistance) {
        bestDistance = distance;
        best = id;
      }
    }
    return best;
  }
}

function countAbove(counts: Int32Array, size: number): Int32Array {
  const side = size + 1;
  const above = new Int32Array(side * side);
  for (let row = 0; row < size; row++) {
    let inRow = 0;
    for (let col = 0; col < size; col++) {
      if (counts[row * size + col] > 0) inRow++;
      above[(row + 1) * side + col + 1] = above[row * side + col + 1] + inRow;
    }
  }
  return above;
}

/** The cell of a coarser grid that holds `cell`; the sizes divide each other. */
export function parentOf(cell: number, grid: number, coarser: number): number {
  const factor = grid / coarser;
  return (
    Math.floor(Math.floor(cell / grid) / factor) * coarser + Math.floor((cell % grid) / factor)
  );
}

/** The slots of a finer grid that lie in `cell`. */
export function childrenOf(cell: number, grid: number, finer: number): number[] {
  const factor = finer / grid;
  const row0 = Math.floor(cell / grid) * factor;
  const col0 = (cell % grid) * factor;
  const children: number[] = [];
  for (let row = row0; row < row0 + factor; row++) {
    for (let col = col0; col < col0 + factor; col++) children.push(row * finer + col);
  }
  return children;
}

export const divides = (coarser: number, finer: number): boolean =>
  coarser < finer && finer % coarser === 0;
