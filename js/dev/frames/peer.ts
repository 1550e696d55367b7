import type { Camera } from "../../src/geometry/geometry";
import { fitCamera, viewportOf } from "../../src/geometry/geometry";
import type { Step } from "./journey";
import { PER_SHEET, type Sheets, TILE } from "./kernel";

/**
 * The plain way: a canvas, and a `drawImage` for every icon in view. Its sheets are all decoded
 * beforehand and nothing else is on its page: no panels, no arrivals, no bound on memory.
 */
export class PlainRenderer {
  readonly home: Camera;
  private camera: Camera;
  private readonly context: CanvasRenderingContext2D;
  private readonly canvas = document.createElement("canvas");
  private waiting = false;

  private constructor(
    readonly grid: number,
    private readonly sheets: CanvasImageSource[],
    width: number,
    height: number,
  ) {
    this.canvas.width = width;
    this.canvas.height = height;
    document.body.replaceChildren(this.canvas);
    this.context = this.canvas.getContext("2d", { alpha: false })!;
    this.home = fitCamera([0, 0, 1, 1], { width, height }, 22);
    this.camera = { ...this.home };
  }

  static async open(grid: number, sheets: Sheets, width: number, height: number) {
    const decoded = await Promise.all(
      sheets.map(async (bytes) => {
        const bitmap = await createImageBitmap(new Blob([bytes], { type: "image/jpeg" }));
        const canvas = new OffscreenCanvas(bitmap.width, bitmap.height);
        canvas.getContext("2d")!.drawImage(bitmap, 0, 0);
        return canvas;
      }),
    );
    return new PlainRenderer(grid, decoded, width, height);
  }

  take(step: Step): void {
    const { width, height } = this.canvas;
    const zoom = step.k / this.camera.k;
    this.camera = {
      k: step.k,
      x: width / 2 + (this.camera.x - width / 2) * zoom - step.move * Math.SQRT1_2,
      y: height / 2 + (this.camera.y - height / 2) * zoom - step.move * Math.SQRT1_2,
    };
    if (this.waiting) return;
    this.waiting = true;
    window.requestAnimationFrame(() => {
      this.waiting = false;
      this.draw();
    });
  }

  private draw(): void {
    const { context, grid, camera, sheets } = this;
    const { width, height } = this.canvas;
    context.fillStyle = "#fff";
    context.fillRect(0, 0, width, height);
    context.imageSmoothingQuality = "low";
    const [x0, y0, x1, y1] = viewportOf(camera, { width, height });
    const slot = camera.k / grid;
    const first = (value: number) => Math.max(0, Math.floor(value * grid));
    const last = (value: number) => Math.min(grid - 1, Math.floor(value * grid));
    for (let row = first(y0); row <= last(y1); row++) {
      for (let col = first(x0); col <= last(x1); col++) {
        const cell = row * grid + col;
        const sheet = sheets[Math.floor(cell / PER_SHEET) % sheets.length];
        const at = cell % PER_SHEET;
        context.drawImage(
          sheet,
          (at % 8) * TILE,
          Math.floor(at / 8) * TILE,
          TILE,
          TILE,
          camera.x + col * slot,
          camera.y + row * slot,
          slot,
          slot,
        );
      }
    }
  }
}
