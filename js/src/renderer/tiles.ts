import { gridOf } from "../protocol/picture_key";
import type { Context2D } from "../util/decode";
import { Lru } from "../util/lru";
import type { Pace } from "./pace";
import type { Scene } from "./renderer";
import { composeTile, isUnfinished, makeTile, markStale, restart, retry, type Tile } from "./tile";
import {
  fromMiddle,
  levelOf,
  type Stage,
  type TilePlace,
  tilePlace,
  tileRange,
} from "./tile_level";

/** Tiles take 1 MB at most. Three screens full of them are kept, within these numbers. */
const MIN_KEPT = 48;
const MAX_KEPT = 160;
/** The levels up to which an enlarged tile is looked for while one is not whole. */
const ANCESTORS = 4;
/** The cost of shrinking four tiles into one, in cells. */
const SHRINKING_COST = 150;
/** The longest time that a frame composes (ms), drawing included only in part. */
const MAX_COMPOSING = 6;
/** While nothing moves, at least so much is composed in a frame: nobody waits for that frame. */
const QUOTA_AT_REST = 1200;

/**
 * A pyramid of tiles aligned with the cells of a grid, so that panning draws a handful of images
 * instead of thousands. A tile is composed over several frames if need be; until then a coarser
 * one, enlarged, or the finer ones show through.
 */
export class TilePyramid {
  private readonly tiles = new Lru<string, Tile>(MIN_KEPT);
  /** The tiles drawn last: those that come into view again try again what they lack. */
  private inView = new Set<Tile>();

  constructor(private readonly pace: Pace) {}

  get count(): number {
    return this.tiles.size;
  }

  clear(): void {
    this.tiles.clear();
    this.inView.clear();
  }

  /** Nothing of it is in view for now. */
  leave(): void {
    this.inView.clear();
  }

  /** All cells look different now; what is there stays until they are drawn. */
  repaint(): void {
    for (const tile of this.tiles.values()) restart(tile);
  }

  picturesChanged(grid: number, cells: readonly number[]): void {
    for (const tile of this.tiles.values()) markStale(tile, grid, cells);
  }

  /** Draws what is in view; true if tiles are still to be composed. */
  draw(context: Context2D, scene: Scene): boolean {
    const { camera, ratio, size, grid } = scene;
    const slot = (camera.k * ratio) / grid.size;
    const level = levelOf(slot);
    const stage: Stage = {
      left: camera.x * ratio,
      top: camera.y * ratio,
      width: size.width * ratio,
      height: size.height * ratio,
    };
    const wanted = fromMiddle(tileRange(grid.size, level, slot, stage));
    this.tiles.bound = Math.min(MAX_KEPT, Math.max(MIN_KEPT, 3 * wanted.length));
    scene.pictures.expect(grid.group, level);
    const end = performance.now() + MAX_COMPOSING;
    const allowed = Math.max(this.pace.quota, scene.moving ? 0 : QUOTA_AT_REST);
    let quota = allowed;
    let more = false;
    const before = this.inView;
    this.inView = new Set();
    for (const [tx, ty] of wanted) {
      const key = keyOf(grid.size, level, tx, ty);
      let tile = this.tiles.get(key);
      if (tile && !before.has(tile)) retry(tile);
      if (quota > 0 && performance.now() < end) {
        if (!tile) {
          tile = makeTile(grid, level, tx, ty);
          quota -= this.shrinkInto(tile, tx, ty);
          this.tiles.set(key, tile);
        }
        if (isUnfinished(tile)) {
          const covered = this.coarser(grid.size, level, tx, ty)?.whole ?? false;
          quota -= composeTile(tile, scene, quota, covered, end);
        }
      }
      if (!tile || isUnfinished(tile)) more = true;
      if (tile) this.inView.add(tile);
      if (!tile?.whole) this.drawSubstitute(context, scene, level, tx, ty, slot, stage);
      if (tile && tile.next > 0) drawPart(context, tile, tile, slot, stage);
    }
    this.pace.spend(allowed - quota);
    return more;
  }

  /** The nearest coarser tile over a place, rather one that is whole. */
  private coarser(grid: number, level: number, tx: number, ty: number): Tile | null {
    let partial: Tile | null = null;
    for (let up = 1; up <= ANCESTORS; up++) {
      const tile = this.tiles.peek(keyOf(grid, level / 2 ** up, tx >> up, ty >> up));
      if (tile?.whole) return tile;
      partial ??= tile ?? null;
    }
    return partial;
  }

  private finer(grid: number, level: number, tx: number, ty: number): Tile[] {
    const found: Tile[] = [];
    for (let dy = 0; dy < 2; dy++) {
      for (let dx = 0; dx < 2; dx++) {
        const tile = this.tiles.peek(keyOf(grid, level * 2, tx * 2 + dx, ty * 2 + dy));
        if (tile) found.push(tile);
      }
    }
    return found;
  }

  /** A place that is whole in finer tiles is only shrunk. Returns what that cost. */
  private shrinkInto(tile: Tile, tx: number, ty: number): number {
    const finer = this.finer(tile.grid.size, tile.level, tx, ty);
    if (!covers(finer, tile) || finer.some(isUnfinished)) return 0;
    for (const part of finer) {
      const x = (part.col0 - tile.col0) * tile.level;
      const y = (part.row0 - tile.row0) * tile.level;
      const { width, height } = part.canvas;
      tile.context.drawImage(part.canvas, x, y, width / 2, height / 2);
    }
    tile.next = tile.cells.length;
    tile.whole = true;
    return SHRINKING_COST;
  }

  /**
   * Draw what is known of a place: a coarser tile's part, else finer ones and, where these leave gaps,
   * thumbnails. No more than is seen: every layer costs as much as the picture itself.
   */
  private drawSubstitute(
    context: Context2D,
    { grid, pictures }: Scene,
    level: number,
    tx: number,
    ty: number,
    slot: number,
    stage: Stage,
  ): void {
    const place = tilePlace(grid.size, level, tx, ty);
    const coarser = this.coarser(grid.size, level, tx, ty);
    if (coarser?.whole) {
      drawPart(context, coarser, place, slot, stage);
      return;
    }
    const finer = this.finer(grid.size, level, tx, ty);
    // Small copies lie together for the cells of the atlas shown only.
    if (gridOf(grid.group) !== null && !covers(finer, place)) {
      const { x, y, width, height } = boxOf(place, slot, stage);
      pictures.drawSmall(context, grid.size, place, x, y, width, height);
    }
    for (const part of finer) drawPart(context, part, part, slot, stage);
    if (finer.length === 0 && coarser) drawPart(context, coarser, place, slot, stage);
  }
}

/** True if these tiles leave nothing of a place free. */
function covers(tiles: readonly Tile[], place: TilePlace): boolean {
  const cells = tiles.reduce((sum, { cols, rows }) => sum + cols * rows, 0);
  return cells >= place.cols * place.rows && tiles.every((tile) => tile.whole);
}

const keyOf = (grid: number, level: number, tx: number, ty: number) =>
  `${grid}/${level}/${tx}/${ty}`;

/** Draws what a tile has of a place. */
function drawPart(
  context: Context2D,
  tile: Tile,
  place: TilePlace,
  slot: number,
  stage: Stage,
): void {
  const { x, y, width, height } = boxOf(place, slot, stage);
  context.drawImage(
    tile.canvas,
    (place.col0 - tile.col0) * tile.level,
    (place.row0 - tile.row0) * tile.level,
    place.cols * tile.level,
    place.rows * tile.level,
    x,
    y,
    width,
    height,
  );
}

/** The box of a place on the stage. Edges are snapped: no seam between neighbours. */
function boxOf({ col0, row0, cols, rows }: TilePlace, slot: number, stage: Stage) {
  const x = Math.round(stage.left + col0 * slot);
  const y = Math.round(stage.top + row0 * slot);
  const width = Math.round(stage.left + (col0 + cols) * slot) - x;
  const height = Math.round(stage.top + (row0 + rows) * slot) - y;
  return { x, y, width, height };
}
