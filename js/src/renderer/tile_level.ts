/** The places of tiles. A level is the side of a cell in a tile, in pixels: a power of two. */

export const TILE = 512;
const FINEST = 64;
const COARSEST = 2;
/** A tile is enlarged by this much at most where a finer level exists. */
const ENLARGED = 1.1;

/** The level whose tiles are drawn where a cell is `slot` target pixels large. */
export function levelOf(slot: number): number {
  let level = COARSEST;
  while (level < FINEST && level * ENLARGED < slot) level *= 2;
  return level;
}

/** The cells of a tile; at the right and lower edge of a grid there may be fewer. */
export interface TilePlace {
  col0: number;
  row0: number;
  cols: number;
  rows: number;
}

export function tilePlace(grid: number, level: number, tx: number, ty: number): TilePlace {
  const per = TILE / level;
  const [col0, row0] = [tx * per, ty * per];
  return { col0, row0, cols: Math.min(per, grid - col0), rows: Math.min(per, grid - row0) };
}

/** Both ends included; empty if `x1 < x0`. */
export interface TileRange {
  x0: number;
  x1: number;
  y0: number;
  y1: number;
}

/** The stage in target pixels: where the grid's corner lies on it, and its size. */
export interface Stage {
  left: number;
  top: number;
  width: number;
  height: number;
}

/** The tiles that touch the stage. */
export function tileRange(grid: number, level: number, slot: number, stage: Stage): TileRange {
  const side = (TILE / level) * slot;
  const last = Math.ceil((grid * level) / TILE) - 1;
  return {
    x0: Math.max(0, Math.floor(-stage.left / side)),
    x1: Math.min(last, Math.ceil((stage.width - stage.left) / side) - 1),
    y0: Math.max(0, Math.floor(-stage.top / side)),
    y1: Math.min(last, Math.ceil((stage.height - stage.top) / side) - 1),
  };
}

/** The tiles of a range, those in its middle first. */
export function fromMiddle({ x0, x1, y0, y1 }: TileRange): [number, number][] {
  const places: [number, number][] = [];
  for (let ty = y0; ty <= y1; ty++) for (let tx = x0; tx <= x1; tx++) places.push([tx, ty]);
  const [mx, my] = [(x0 + x1) / 2, (y0 + y1) / 2];
  const distance = ([x, y]: [number, number]) => Math.hypot(x - mx, y - my);
  return places.sort((a, b) => distance(a) - distance(b));
}
