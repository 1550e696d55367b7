import type { Camera } from "../geometry/geometry";
import { cellRange, clamp, viewportOf } from "../geometry/geometry";
import { TILE } from "../protocol/shared";
import type { Canvas } from "../util/decode";
import { contextOf, makeCanvas } from "../util/decode";
import type { CellStyle } from "./cell";
import { drawCell, pictureSquare } from "./cell";
import { Pace } from "./pace";
import type { Renderer, Scene } from "./renderer";
import { TilePyramid } from "./tiles";

/** Up to this many cells are drawn one by one, crisp at any scale; more go through tiles. */
const DIRECT = 700;
const CROSSFADE = 260;
/** Resting pictures get the better filter in every frame if it takes no longer with it (ms). */
const SHORT = 10;
/** From this size on (CSS pixels) a cell carries its label. */
const LABEL_FROM = 104;

interface Snapshot {
  canvas: Canvas;
  camera: Camera;
  since: number;
}

/** The renderer on a 2D canvas: works in every browser, without a GPU too. */
export class CanvasRenderer implements Renderer {
  private readonly context: CanvasRenderingContext2D;
  private readonly pace = new Pace();
  private readonly tiles = new TilePyramid(this.pace);
  private snapshot: Snapshot | null = null;
  couldBeBetter = false;
  /**
   * The time of a frame with the better filter, too long until settled frames show otherwise; and
   * whether the last one was such a frame.
   */
  private betterTakes = 2 * SHORT;
  private better = false;

  constructor(private readonly canvas: HTMLCanvasElement) {
    const context = canvas.getContext("2d", { alpha: false });
    if (!context) throw new Error("this browser gives no 2D canvas");
    this.context = context;
  }

  get tileCount(): number {
    return this.tiles.count;
  }

  picturesChanged(grid: number, cells: readonly number[]): void {
    this.tiles.picturesChanged(grid, cells);
  }

  repaint(): void {
    this.tiles.repaint();
  }

  reset(): void {
    this.tiles.clear();
  }

  frameTook(milliseconds: number): void {
    this.pace.frameTook(milliseconds);
    if (this.better) this.betterTakes = (this.betterTakes + milliseconds) / 2;
  }

  crossfade(camera: Camera): void {
    const { width, height } = this.canvas;
    if (width === 0 || height === 0) return;
    const canvas = makeCanvas(width, height);
    contextOf(canvas).drawImage(this.canvas, 0, 0);
    this.snapshot = { canvas, camera: { ...camera }, since: performance.now() };
  }

  /** Before there is an atlas. */
  blank(color: string): void {
    this.context.fillStyle = color;
    this.context.fillRect(0, 0, this.canvas.width, this.canvas.height);
  }

  draw(scene: Scene): boolean {
    const { context } = this;
    const { camera, size, grid } = scene;
    context.globalAlpha = 1;
    context.fillStyle = scene.colors.background;
    context.fillRect(0, 0, this.canvas.width, this.canvas.height);
    context.imageSmoothingEnabled = true;
    context.imageSmoothingQuality = "low";
    this.better = false;
    this.couldBeBetter = false;
    this.drawGridLines(scene);
    const box = viewportOf(camera, size);
    const direct = grid.countInBox(box) <= DIRECT;
    const more = direct ? this.drawDirect(scene) : this.tiles.draw(context, scene);
    scene.tint?.tint.draw(context, scene, scene.tint.strength);
    if (direct) this.drawLabels(scene);
    return this.drawSnapshot(scene) || more;
  }

  private drawDirect(scene: Scene): boolean {
    const { context } = this;
    const { camera, ratio, size, grid } = scene;
    const slot = (camera.k * ratio) / grid.size;
    const [left, top] = [camera.x * ratio, camera.y * ratio];
    const style: CellStyle = scene;
    this.tiles.leave();
    // Few cells: there is room for their full pictures, which cards and panels want at once.
    scene.pictures.expect(grid.group, Math.max(slot, TILE));
    this.better = !scene.moving && (scene.settled || this.betterTakes < SHORT);
    this.couldBeBetter = !this.better;
    if (this.better) context.imageSmoothingQuality = "high";
    let fading = false;
    const cells = grid.inBox(viewportOf(camera, size));
    for (const cell of cells) {
      const x = left + (cell % grid.size) * slot;
      const y = top + Math.floor(cell / grid.size) * slot;
      if (drawCell(context, style, cell, x, y, slot, !scene.moving)) fading = true;
    }
    context.imageSmoothingQuality = "low";
    return fading;
  }

  private drawLabels(scene: Scene): void {
    const { context } = this;
    const { camera, ratio, grid } = scene;
    const slot = (camera.k * ratio) / grid.size;
    if (slot < LABEL_FROM * ratio) return;
    const [left, top] = [camera.x * ratio, camera.y * ratio];
    const size = clamp(slot / ratio / 14, 10.5, 14);
    const strip = Math.round(size * 1.75 * ratio);
    context.font = `500 ${size * ratio}px system-ui, -apple-system, "Segoe UI", sans-serif`;
    context.textBaseline = "middle";
    context.globalAlpha = clamp((slot / ratio - LABEL_FROM) / 24, 0, 1);
    for (const cell of grid.inBox(viewportOf(camera, scene.size))) {
      const label = scene.label(cell);
      if (!label) continue;
      const x = left + (cell % grid.size) * slot;
      const y = top + Math.floor(cell / grid.size) * slot;
      const square = pictureSquare(grid, cell, x, y, slot, !scene.moving);
      // A cell at the edge of the view keeps its words in view.
      const start = Math.max(square.x, 0);
      const room = square.x + square.side - start;
      if (room < strip * 2) continue;
      const text = ellipsis(context, label, room - strip);
      const width = context.measureText(text).width + size * ratio;
      context.fillStyle = "rgba(0, 0, 0, 0.62)";
      context.fillRect(start, square.y + square.side - strip, width, strip);
      context.fillStyle = "#fff";
      context.fillText(text, start + (size * ratio) / 2, square.y + square.side - strip / 2);
    }
    context.globalAlpha = 1;
  }

  /** Thin lines through the whole square, empty slots too: where nothing lies is also a result. */
  private drawGridLines(scene: Scene): void {
    const { context } = this;
    const { camera, ratio, size, grid, colors } = scene;
    const slot = camera.k / grid.size;
    const alpha = clamp((slot - 7) / 14, 0, 1);
    if (alpha === 0) return;
    const range = cellRange(viewportOf(camera, size), grid.size);
    const at = (value: number, offset: number) => Math.round((value * slot + offset) * ratio);
    const width = Math.max(1, Math.floor(ratio * 0.75));
    const [x0, x1] = [at(range.col0, camera.x), at(range.col1 + 1, camera.x)];
    const [y0, y1] = [at(range.row0, camera.y), at(range.row1 + 1, camera.y)];
    context.globalAlpha = alpha;
    context.fillStyle = colors.line;
    for (let col = range.col0; col <= range.col1 + 1; col++) {
      context.fillRect(at(col, camera.x), y0, width, y1 - y0);
    }
    for (let row = range.row0; row <= range.row1 + 1; row++) {
      context.fillRect(x0, at(row, camera.y), x1 - x0, width);
    }
    context.globalAlpha = 1;
  }

  /** Draw the screen of before, moved with the camera, fading away over the new one. */
  private drawSnapshot(scene: Scene): boolean {
    const { snapshot, context } = this;
    if (!snapshot) return false;
    const age = (scene.now - snapshot.since) / CROSSFADE;
    if (age >= 1 || scene.fade === 0) {
      this.snapshot = null;
      return false;
    }
    const { camera, ratio } = scene;
    const zoom = camera.k / snapshot.camera.k;
    context.globalAlpha = clamp(1 - age, 0, 1) ** 1.5;
    context.drawImage(
      snapshot.canvas,
      (camera.x - snapshot.camera.x * zoom) * ratio,
      (camera.y - snapshot.camera.y * zoom) * ratio,
      snapshot.canvas.width * zoom,
      snapshot.canvas.height * zoom,
    );
    context.globalAlpha = 1;
    return true;
  }
}

function ellipsis(context: CanvasRenderingContext2D, text: string, width: number): string {
  if (context.measureText(text).width <= width) return text;
  let [low, high] = [0, text.length];
  while (low < high) {
    const middle = Math.ceil((low + high) / 2);
    if (context.measureText(`${text.slice(0, middle)}…`).width <= width) low = middle;
    else high = middle - 1;
  }
  return `${text.slice(0, low).trimEnd()}…`;
}
