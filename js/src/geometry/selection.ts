import type { Box, Point } from "./geometry";
import { cellRange } from "./geometry";
import type { Grid } from "./grids";
import { childrenOf, divides, parentOf } from "./grids";

export type Combine = "replace" | "add" | "remove";

/** Everywhere the same: Shift adds, Alt removes. */
export const combineFor = (event: { shiftKey: boolean; altKey: boolean }): Combine =>
  event.altKey ? "remove" : event.shiftKey ? "add" : "replace";

/** Cells whose middle lies in the box. */
export function cellsInBox(grid: Grid, box: Box): number[] {
  const [x0, x1] = [Math.min(box[0], box[2]), Math.max(box[0], box[2])];
  const [y0, y1] = [Math.min(box[1], box[3]), Math.max(box[1], box[3])];
  return grid.inRange(cellRange([x0, y0, x1, y1], grid.size)).filter((cell) => {
    const x = ((cell % grid.size) + 0.5) / grid.size;
    const y = (Math.floor(cell / grid.size) + 0.5) / grid.size;
    return x >= x0 && x <= x1 && y >= y0 && y <= y1;
  });
}

/** Even-odd rule; the polygon closes by itself. */
export function insidePolygon(point: Point, polygon: readonly Point[]): boolean {
  let inside = false;
  for (let i = 0, j = polygon.length - 1; i < polygon.length; j = i++) {
    const a = polygon[i];
    const b = polygon[j];
    if (
      a.y > point.y !== b.y > point.y &&
      point.x < ((b.x - a.x) * (point.y - a.y)) / (b.y - a.y) + a.x
    ) {
      inside = !inside;
    }
  }
  return inside;
}

/** Cells whose middle lies in the lasso. */
export function cellsInPolygon(grid: Grid, polygon: readonly Point[]): number[] {
  if (polygon.length < 3) return [];
  const xs = polygon.map((point) => point.x);
  const ys = polygon.map((point) => point.y);
  const box: Box = [Math.min(...xs), Math.min(...ys), Math.max(...xs), Math.max(...ys)];
  return cellsInBox(grid, box).filter((cell) =>
    insidePolygon(
      {
        x: ((cell % grid.size) + 0.5) / grid.size,
        y: (Math.floor(cell / grid.size) + 0.5) / grid.size,
      },
      polygon,
    ),
  );
}

/** Combine a gesture with the selection; sorted, so that equal sets are equal lists. */
export function combine(
  before: readonly number[],
  cells: readonly number[],
  how: Combine,
): number[] {
  const set = new Set(how === "replace" ? [] : before);
  for (const cell of cells) {
    if (how === "remove") set.delete(cell);
    else set.add(cell);
  }
  return [...set].sort((a, b) => a - b);
}

/** The same region on another grid: the children that exist, or every parent that is touched. */
export function moveToGrid(cells: readonly number[], from: number, to: Grid): number[] {
  if (from === to.size) return [...cells];
  const moved = new Set<number>();
  for (const cell of cells) {
    const others = divides(from, to.size)
      ? childrenOf(cell, from, to.size)
      : divides(to.size, from)
        ? [parentOf(cell, from, to.size)]
        : [];
    for (const other of others) if (to.has(other)) moved.add(other);
  }
  return [...moved].sort((a, b) => a - b);
}

/** The border between selected and other cells, as line segments in units of cells. */
export function outline(cells: Iterable<number>, grid: number): [number, number, number, number][] {
  const set = cells instanceof Set ? (cells as Set<number>) : new Set(cells);
  const segments: [number, number, number, number][] = [];
  for (const cell of set) {
    const row = Math.floor(cell / grid);
    const col = cell % grid;
    if (row === 0 || !set.has(cell - grid)) segments.push([col, row, col + 1, row]);
    if (row === grid - 1 || !set.has(cell + grid)) segments.push([col, row + 1, col + 1, row + 1]);
    if (col === 0 || !set.has(cell - 1)) segments.push([col, row, col, row + 1]);
    if (col === grid - 1 || !set.has(cell + 1)) segments.push([col + 1, row, col + 1, row + 1]);
  }
  return segments;
}
