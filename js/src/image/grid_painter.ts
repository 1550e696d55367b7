import { CLASS_COLOURS, cssOf, divergingRamp, type Rgb, VIRIDIS } from "../overlays/colour";
import type { Pictures } from "../pictures";
import { cellKey, keyIn } from "../protocol/picture_key";
import type { Canvas } from "../util/decode";
import { largestSize } from "../util/numbers";
import type { LayerMap, Places } from "./answers";

type Context = CanvasRenderingContext2D;

/** A picture's smallest share of its square's side, where its norm is nothing beside the largest. */
const SMALLEST = 0.3;
/** How much of what another layer has nothing to do with is hidden. */
const VEIL = 0.86;

/** Where a layer's positions lie in a canvas. */
export interface Squares {
  /** The side of a position's square, in the canvas's own pixels. */
  square: number;
  width: number;
  height: number;
}

export function squaresOf({ rows, columns }: LayerMap, side: number): Squares {
  const square = side / Math.max(rows, columns);
  return { square, width: square * columns, height: square * rows };
}

const placeOf = ({ columns }: LayerMap, position: number, square: number) =>
  [(position % columns) * square, Math.floor(position / columns) * square] as const;

/** The colour of a group of channels. */
export const groupColour = (group: number): Rgb => CLASS_COLOURS[group % CLASS_COLOURS.length];

/** A picture for each position, as large as its norm is. */
export function paintPictures(
  context: Context,
  map: LayerMap,
  { square }: Squares,
  pictures: Pictures,
  /** Of the layer whose atlas has pictures to lend; null for others. */
  places: Places | null,
  frame: string,
): void {
  map.norms.forEach((norm, position) => {
    const share = Math.max(SMALLEST, Math.sqrt(Math.max(0, norm) / map.maxNorm));
    const size = share * square * (square > 12 ? 0.96 : 1);
    const [left, top] = placeOf(map, position, square);
    const [x, y] = [left + (square - size) / 2, top + (square - size) / 2];
    const own = pictures.get(keyIn(map.positionGroup, position));
    if (own?.state === "final") {
      pictures.draw(context, own, x, y, size);
      return;
    }
    const cell = places?.cells[position] ?? null;
    const lent = places && cell !== null ? pictures.get(cellKey(places.grid, cell)) : undefined;
    if (lent && lent.state !== "crop") {
      pictures.draw(context, lent, x, y, size);
      context.setLineDash([Math.max(2, size / 10), Math.max(2, size / 14)]);
      context.lineWidth = Math.max(1, size / 24);
      context.strokeStyle = frame;
      context.strokeRect(x, y, size, size);
      context.setLineDash([]);
    } else if (own) {
      context.globalAlpha = 0.55; // a piece of the image itself, until there is a picture
      pictures.draw(context, own, x, y, size);
      context.globalAlpha = 1;
    }
  });
}

/** The image in shades of its own, under values that are drawn over it. */
export function paintUnder(
  context: Context,
  image: Canvas | null,
  { width, height }: Squares,
): void {
  if (!image) return;
  context.globalAlpha = 0.5;
  context.filter = "grayscale(1)";
  context.drawImage(image as CanvasImageSource, 0, 0, width, height);
  context.filter = "none";
  context.globalAlpha = 1;
}

/** A square of colour for each position. */
function paintColours(
  context: Context,
  map: LayerMap,
  { square }: Squares,
  values: readonly number[],
  colourOf: (value: number) => string | null,
): void {
  values.forEach((value, position) => {
    const colour = colourOf(value);
    if (colour === null) return;
    const [left, top] = placeOf(map, position, square);
    context.fillStyle = colour;
    context.fillRect(left, top, Math.ceil(square), Math.ceil(square));
  });
}

/** Values from zero up, dark to bright. */
export function paintStrengths(
  context: Context,
  map: LayerMap,
  squares: Squares,
  values: readonly number[],
): void {
  const most = Math.max(1e-12, ...values);
  paintColours(context, map, squares, values, (value) => cssOf(VIRIDIS.at(value / most), 0.86));
}

/** Values on either side of zero: orange against, blue for; what is about zero stays clear. */
export function paintSigned(
  context: Context,
  map: LayerMap,
  squares: Squares,
  values: readonly number[],
  reach: number,
  dark: boolean,
): void {
  const ramp = divergingRamp(dark);
  paintColours(context, map, squares, values, (value) => {
    const share = Math.max(-1, Math.min(1, value / reach));
    return cssOf(ramp.at(0.5 + share / 2), 0.15 + 0.77 * Math.abs(share));
  });
}

/** Groups, each in its colour, as strong as they are; or one of them alone. */
export function paintGroups(
  context: Context,
  map: LayerMap,
  squares: Squares,
  maps: readonly (readonly number[])[],
  alone: number | null,
): void {
  maps.forEach((values, group) => {
    if (alone !== null && alone !== group) return;
    const most = Math.max(1e-12, ...values);
    paintColours(context, map, squares, values, (value) => {
      const share = Math.max(0, value / most);
      return share < 0.08 ? null : cssOf(groupColour(group), 0.82 * share);
    });
  });
}

/** Hides positions by how little they have to do with the one that is looked at. */
export function paintVeil(
  context: Context,
  map: LayerMap,
  squares: Squares,
  lit: readonly number[],
  colour: Rgb,
): void {
  const most = largestSize(lit);
  paintColours(context, map, squares, lit, (value) =>
    cssOf(colour, VEIL * (1 - Math.sqrt(Math.abs(value) / most))),
  );
}

/** Outlines of positions. */
export function paintMarks(
  context: Context,
  map: LayerMap,
  { square }: Squares,
  marks: {
    /** Under the pointer or pinned. */
    at: number | null;
    pinned: number | null;
    region: ReadonlySet<number>;
    /** The atlas has nothing like them. */
    unusual: readonly boolean[];
  },
  colours: { accent: string; halo: string; doubtful: string },
): void {
  const line = Math.max(1.5, Math.min(4, square / 14));
  const outline = (position: number, colour: string, width: number) => {
    const [left, top] = placeOf(map, position, square);
    context.lineWidth = width + 2;
    context.strokeStyle = colours.halo;
    context.strokeRect(left + width / 2, top + width / 2, square - width, square - width);
    context.lineWidth = width;
    context.strokeStyle = colour;
    context.strokeRect(left + width / 2, top + width / 2, square - width, square - width);
  };
  marks.unusual.forEach((unusual, position) => {
    if (!unusual) return;
    const [left, top] = placeOf(map, position, square);
    context.beginPath();
    context.arc(left + square / 2, top + square / 2, 0.44 * square, 0, 2 * Math.PI);
    context.lineWidth = line + 1.5;
    context.strokeStyle = colours.halo;
    context.stroke();
    context.lineWidth = line;
    context.strokeStyle = colours.doubtful;
    context.stroke();
  });
  context.fillStyle = colours.accent;
  for (const position of marks.region) {
    const [left, top] = placeOf(map, position, square);
    context.globalAlpha = 0.45;
    context.fillRect(left, top, square, square);
    context.globalAlpha = 1;
  }
  if (marks.pinned !== null && marks.pinned !== marks.at)
    outline(marks.pinned, colours.accent, line);
  if (marks.at !== null) outline(marks.at, colours.accent, 1.4 * line);
}
