import { clamp } from "../geometry/geometry";
import type { Grid } from "../geometry/grids";
import { divides, parentOf } from "../geometry/grids";
import type { Colors } from "../page/theme";
import type { Picture, Pictures } from "../pictures";
import { isDoubtful } from "../pictures";
import type { Context2D } from "../util/decode";

export interface CellStyle {
  grid: Grid;
  grids: readonly Grid[];
  pictures: Pictures;
  colors: Colors;
  /** Device pixels per CSS pixel: marks keep their size on dense screens. */
  ratio: number;
  fade: number;
  now: number;
}

/** The share of a slot left free around its picture, so that neighbours do not run together. */
const GAP = 0.035;
/** In smaller slots a pixel of gap would be more of them than that: small pictures abut. */
const GAP_FROM = 12;
const STAND_IN = 0.38;

/** The square that a cell's picture takes within its slot, after density and gap. */
export function pictureSquare(
  grid: Grid,
  cell: number,
  x: number,
  y: number,
  slot: number,
  snap: boolean,
): { x: number; y: number; side: number } {
  const gap = slot < GAP_FROM ? 0 : Math.max(slot * GAP, 1);
  const side = (slot - gap) * grid.side(cell);
  const left = x + (slot - side) / 2;
  const top = y + (slot - side) / 2;
  if (!snap) return { x: left, y: top, side };
  return { x: Math.round(left), y: Math.round(top), side: Math.max(1, Math.round(side)) };
}

/** Draws one cell; true while it is still fading in. */
export function drawCell(
  context: Context2D,
  style: CellStyle,
  cell: number,
  x: number,
  y: number,
  slot: number,
  snap: boolean,
): boolean {
  const square = pictureSquare(style.grid, cell, x, y, slot, snap);
  const picture = style.pictures.get(style.grid.key(cell));
  if (!picture) {
    drawStandIn(context, style, cell, square.x, square.y, square.side);
    return false;
  }
  const age = style.now - picture.arrived;
  const fading = style.fade > 0 && age >= 0 && age < style.fade;
  if (fading) {
    if (picture.before) {
      style.pictures.draw(context, picture.before, square.x, square.y, square.side);
    } else {
      drawStandIn(context, style, cell, square.x, square.y, square.side);
    }
    context.globalAlpha = age / style.fade;
  }
  style.pictures.draw(context, picture, square.x, square.y, square.side);
  drawMark(context, style, picture, square.x, square.y, square.side);
  context.globalAlpha = 1;
  return fading;
}

/** A cell without its own picture: its part of the parent's, dimmed; else an empty frame. */
function drawStandIn(
  context: Context2D,
  style: CellStyle,
  cell: number,
  x: number,
  y: number,
  side: number,
): void {
  const { size } = style.grid;
  for (let at = style.grids.length - 1; at >= 0; at--) {
    const grid = style.grids[at];
    const coarser = grid.size;
    if (!divides(coarser, size)) continue;
    const parent = style.pictures.get(grid.key(parentOf(cell, size, coarser)));
    if (!parent) continue;
    const factor = size / coarser;
    const alpha = context.globalAlpha;
    context.globalAlpha = alpha * STAND_IN;
    style.pictures.draw(context, parent, x, y, side, {
      x: (cell % factor) / factor,
      y: (Math.floor(cell / size) % factor) / factor,
      side: 1 / factor,
    });
    context.globalAlpha = alpha;
    return;
  }
  context.fillStyle = style.colors.empty;
  context.fillRect(x, y, side, side);
}

/**
 * A quiet corner says what a picture is: folded for a real crop, a light one for a rough pass, an
 * amber one at the top for a doubtful result. A final, faithful picture has none.
 */
function drawMark(
  context: Context2D,
  style: CellStyle,
  picture: Picture,
  x: number,
  y: number,
  side: number,
): void {
  if (side < 15 * style.ratio) return;
  const size = clamp(side * 0.15, 4 * style.ratio, 13 * style.ratio);
  const [right, bottom] = [x + side, y + side];
  if (picture.state === "crop") {
    triangle(context, style.colors.background, right, bottom, -size, 0.5 * style.ratio);
    triangle(context, style.colors.fold, right - size, bottom - size, size, 0);
  } else if (picture.state === "rough") {
    triangle(context, style.colors.rough, right, bottom, -size, 0);
  } else if (isDoubtful(picture)) {
    context.fillStyle = style.colors.doubtful;
    context.beginPath();
    context.moveTo(right, y);
    context.lineTo(right - size, y);
    context.lineTo(right, y + size);
    context.fill();
  }
}

/** A right-angled triangle in the corner (x, y), opening by `size` in both directions. */
function triangle(
  context: Context2D,
  color: string,
  x: number,
  y: number,
  size: number,
  grow: number,
): void {
  const out = size < 0 ? grow : -grow;
  context.fillStyle = color;
  context.beginPath();
  context.moveTo(x + out, y + out);
  context.lineTo(x + size, y + out);
  context.lineTo(x + out, y + size);
  context.fill();
}
