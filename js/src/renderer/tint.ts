import type { Camera, Size } from "../geometry/geometry";
import { clamp, viewportOf } from "../geometry/geometry";
import type { Grid } from "../geometry/grids";
import { cssOfPixel, parseColour, pixelOf } from "../overlays/colour";
import type { Overlay } from "../overlays/overlay";
import type { Colors } from "../page/theme";
import type { Canvas, Context2D } from "../util/decode";
import { contextOf, makeCanvas } from "../util/decode";
import { pictureSquare } from "./cell";

/** Up to this many cells are tinted one by one, each no larger than its picture. */
const DIRECT = 700;
/** In slots from this size on (CSS pixels) a frame can be told from a picture. */
const FRAMED_FROM = 12;

interface TintScene {
  grid: Grid;
  camera: Camera;
  size: Size;
  ratio: number;
  moving: boolean;
  colors: Colors;
}

/**
 * The colours of an overlay, above the pictures. Tiles stay pictures: where there are many cells
 * the tint is one image with a pixel for each slot of the grid, enlarged without smoothing, so
 * that a hundred thousand cells cost no more than a hundred.
 */
export class Tint {
  private readonly pixels: Uint32Array;
  private readonly framed: Uint8Array | null;
  /** Colours as the canvas wants them: made once, not in every frame. */
  private readonly styles = new Map<number, string>();
  private image: Canvas | null = null;
  private marked: Canvas | null = null;

  constructor(
    private readonly grid: Grid,
    overlay: Overlay,
  ) {
    this.pixels = new Uint32Array(grid.size * grid.size);
    for (const cell of grid.ids) this.pixels[cell] = overlay.colour(cell);
    const { framed } = overlay;
    this.framed = framed ? new Uint8Array(this.pixels.length) : null;
    if (framed && this.framed) {
      for (const cell of grid.ids) this.framed[cell] = framed.call(overlay, cell) ? 1 : 0;
    }
  }

  draw(context: Context2D, scene: TintScene, strength: number): void {
    if (scene.grid !== this.grid) return;
    const slot = (scene.camera.k * scene.ratio) / this.grid.size;
    const box = viewportOf(scene.camera, scene.size);
    context.globalAlpha = clamp(strength, 0, 1);
    const large = slot >= FRAMED_FROM * scene.ratio;
    if (this.grid.countInBox(box) <= DIRECT) {
      const cells = this.grid.inBox(box);
      this.drawCells(context, scene, cells, slot);
      context.globalAlpha = 1;
      if (large) this.drawFrames(context, scene, cells, slot);
    } else {
      this.drawImage(
        context,
        scene,
        large ? this.pixelImage() : this.markedImage(scene.colors.doubtful),
      );
      context.globalAlpha = 1;
      if (large && this.framed) this.drawFrames(context, scene, this.grid.inBox(box), slot);
    }
  }

  private drawCells(context: Context2D, scene: TintScene, cells: number[], slot: number): void {
    let last = 0;
    for (const cell of cells) {
      const pixel = this.pixels[cell];
      if (pixel === 0) continue;
      if (pixel !== last) context.fillStyle = this.styleOf(pixel);
      last = pixel;
      const { x, y, side } = this.square(scene, cell, slot);
      context.fillRect(x, y, side, side);
    }
  }

  private styleOf(pixel: number): string {
    let style = this.styles.get(pixel);
    if (style === undefined) {
      style = cssOfPixel(pixel);
      this.styles.set(pixel, style);
    }
    return style;
  }

  private drawFrames(context: Context2D, scene: TintScene, cells: number[], slot: number): void {
    const { framed } = this;
    if (!framed) return;
    const width = clamp(slot * 0.06, 1.5 * scene.ratio, 3 * scene.ratio);
    context.beginPath();
    for (const cell of cells) {
      if (framed[cell] === 0) continue;
      const { x, y, side } = this.square(scene, cell, slot);
      context.rect(x + width / 2, y + width / 2, side - width, side - width);
    }
    context.strokeStyle = scene.colors.doubtful;
    context.lineWidth = width;
    context.stroke();
  }

  private drawImage(context: Context2D, scene: TintScene, image: Canvas): void {
    const { camera, ratio } = scene;
    const side = camera.k * ratio;
    const smoothing = context.imageSmoothingEnabled;
    context.imageSmoothingEnabled = false;
    context.drawImage(image, camera.x * ratio, camera.y * ratio, side, side);
    context.imageSmoothingEnabled = smoothing;
  }

  private square(scene: TintScene, cell: number, slot: number) {
    const x = scene.camera.x * scene.ratio + (cell % this.grid.size) * slot;
    const y = scene.camera.y * scene.ratio + Math.floor(cell / this.grid.size) * slot;
    return pictureSquare(this.grid, cell, x, y, slot, !scene.moving);
  }

  private pixelImage(): Canvas {
    this.image ??= toImage(this.pixels, this.grid.size);
    return this.image;
  }

  /** The image where cells are too small for frames: those that had one have its colour instead. */
  private markedImage(colour: string): Canvas {
    const { framed } = this;
    if (!framed) return this.pixelImage();
    const mark = pixelOf(parseColour(colour));
    this.marked ??= toImage(
      this.pixels.map((pixel, cell) => (framed[cell] ? mark : pixel)),
      this.grid.size,
    );
    return this.marked;
  }
}

function toImage(pixels: Uint32Array, size: number): Canvas {
  const image = makeCanvas(size, size);
  const bytes = new Uint8ClampedArray(pixels.buffer as ArrayBuffer);
  contextOf(image).putImageData(new ImageData(bytes, size, size), 0, 0);
  return image;
}
