/**
 * Places and boxes. The atlas is the unit square, y downwards; a camera maps it to CSS pixels:
 * `pixel = atlas * k + offset`. Everything here is pure.
 */

export interface Camera {
  /** CSS pixels per atlas unit. */
  k: number;
  x: number;
  y: number;
}

export interface Size {
  width: number;
  height: number;
}

/** `[x0, y0, x1, y1]`: in atlas units for viewports, in pixels for boxes on the screen. */
export type Box = [number, number, number, number];

export interface Point {
  x: number;
  y: number;
}

export const UNIT: Box = [0, 0, 1, 1];

export function clamp(value: number, low: number, high: number): number {
  return Math.min(Math.max(value, low), Math.max(low, high));
}

export function toAtlas(camera: Camera, point: Point): Point {
  return { x: (point.x - camera.x) / camera.k, y: (point.y - camera.y) / camera.k };
}

/** The part of the atlas plane that is in view; it may reach beyond the unit square. */
export function viewportOf(camera: Camera, size: Size): Box {
  return [
    -camera.x / camera.k,
    -camera.y / camera.k,
    (size.width - camera.x) / camera.k,
    (size.height - camera.y) / camera.k,
  ];
}

/** The camera that shows all of `box`, centred, as large as fits with a margin in pixels. */
export function fitCamera(box: Box, size: Size, margin = 0): Camera {
  const width = Math.max(box[2] - box[0], 1e-9);
  const height = Math.max(box[3] - box[1], 1e-9);
  const k = Math.max(
    Math.min((size.width - 2 * margin) / width, (size.height - 2 * margin) / height),
    1e-3,
  );
  return {
    k,
    x: size.width / 2 - (k * (box[0] + box[2])) / 2,
    y: size.height / 2 - (k * (box[1] + box[3])) / 2,
  };
}

/** Keeps the middle of the view over `box`, so that the atlas cannot be lost out of sight. */
export function constrainCamera(camera: Camera, size: Size, box: Box): Camera {
  const centreX = clamp((size.width / 2 - camera.x) / camera.k, box[0], box[2]);
  const centreY = clamp((size.height / 2 - camera.y) / camera.k, box[1], box[3]);
  return {
    k: camera.k,
    x: size.width / 2 - centreX * camera.k,
    y: size.height / 2 - centreY * camera.k,
  };
}

/** The camera for a view that changed its size: same middle, same scale. */
export function recentre(camera: Camera, before: Size, after: Size): Camera {
  return {
    k: camera.k,
    x: camera.x + (after.width - before.width) / 2,
    y: camera.y + (after.height - before.height) / 2,
  };
}

export interface CellRange {
  row0: number;
  row1: number;
  col0: number;
  col1: number;
}

/** Rows and columns of a grid that touch `box`; both ends included, empty if `row1 < row0`. */
export function cellRange(box: Box, grid: number, ring = 0): CellRange {
  const first = (value: number) => clamp(Math.floor(value * grid) - ring, 0, grid);
  // A cell that only touches the edge with its border is not in view.
  const last = (value: number) => clamp(Math.ceil(value * grid) - 1 + ring, -1, grid - 1);
  return { row0: first(box[1]), row1: last(box[3]), col0: first(box[0]), col1: last(box[2]) };
}

export function inRange(range: CellRange, row: number, col: number): boolean {
  return row >= range.row0 && row <= range.row1 && col >= range.col0 && col <= range.col1;
}

/** The cell under a point of the atlas plane, or -1 outside the square. */
export function cellAt(point: Point, grid: number): number {
  const col = Math.floor(point.x * grid);
  const row = Math.floor(point.y * grid);
  return row >= 0 && row < grid && col >= 0 && col < grid ? row * grid + col : -1;
}

export function cellBox(cell: number, grid: number): Box {
  const row = Math.floor(cell / grid);
  const col = cell % grid;
  return [col / grid, row / grid, (col + 1) / grid, (row + 1) / grid];
}

export function boxOfCells(cells: Iterable<number>, grid: number): Box | null {
  let [row0, col0, row1, col1] = [grid, grid, -1, -1];
  for (const cell of cells) {
    const row = Math.floor(cell / grid);
    const col = cell % grid;
    row0 = Math.min(row0, row);
    row1 = Math.max(row1, row);
    col0 = Math.min(col0, col);
    col1 = Math.max(col1, col);
  }
  if (row1 < 0) return null;
  return [col0 / grid, row0 / grid, (col1 + 1) / grid, (row1 + 1) / grid];
}

export function padBox(box: Box, pad: number): Box {
  return [box[0] - pad, box[1] - pad, box[2] + pad, box[3] + pad];
}

/** More cells than these come in blocks: neighbours travel, and are kept, in one sheet. */
const MAX_SINGLE = 700;
const BLOCK = 8;

/** Cells from the middle of `box` outwards: the order in which pictures are wanted. */
export function fromCentre(cells: readonly number[], grid: number, box: Box): number[] {
  const side = cells.length > MAX_SINGLE ? BLOCK : 1;
  const cx = ((box[0] + box[2]) / 2) * grid - side / 2;
  const cy = ((box[1] + box[3]) / 2) * grid - side / 2;
  const blocks = new Map<number, { distance: number; cells: number[] }>();
  for (const cell of cells) {
    const col = cell % grid;
    const left = col - (col % side);
    const row = (cell - col) / grid;
    const top = row - (row % side);
    const block = blocks.get(top * grid + left);
    if (block) block.cells.push(cell);
    else {
      const distance = (left - cx) ** 2 + (top - cy) ** 2;
      blocks.set(top * grid + left, { distance, cells: [cell] });
    }
  }
  return [...blocks.values()].sort((a, b) => a.distance - b.distance).flatMap((it) => it.cells);
}

/**
 * The place of a card of `card` size beside `anchor` (both in pixels of the stage): to the right if
 * there is room, else left, else below or above; never over the anchor unless nothing else fits,
 * never out of the stage.
 */
export function placeBeside(anchor: Box, card: Size, stage: Size, gap = 12, margin = 8): Point {
  const middle = clamp(
    (anchor[1] + anchor[3]) / 2 - card.height / 2,
    margin,
    stage.height - card.height - margin,
  );
  const right = anchor[2] + gap;
  if (right + card.width + margin <= stage.width) return { x: right, y: middle };
  const left = anchor[0] - gap - card.width;
  if (left >= margin) return { x: left, y: middle };
  const x = clamp(
    (anchor[0] + anchor[2]) / 2 - card.width / 2,
    margin,
    stage.width - card.width - margin,
  );
  const below = anchor[3] + gap;
  if (below + card.height + margin <= stage.height) return { x, y: below };
  const above = anchor[1] - gap - card.height;
  if (above >= margin) return { x, y: above };
  // Nothing fits: the side of the stage that is further from the anchor.
  const far = (anchor[0] + anchor[2]) / 2 < stage.width / 2;
  return { x: far ? Math.max(margin, stage.width - card.width - margin) : margin, y: middle };
}
