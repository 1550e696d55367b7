import type { Camera, Size } from "../geometry/geometry";
import { type Colors, onThemeChange, readColors } from "../page/theme";
import { CanvasRenderer } from "./canvas";
import { drawOverlay, isEmpty, type OverlayScene } from "./overlay";
import type { Renderer, Scene } from "./renderer";

/** The fields of a scene that the painter adds by itself. */
type Screen = "size" | "ratio" | "colors" | "now" | "settled";

/** After so long without a change (ms), what is in view is drawn once more, in best quality. */
const REST = 200;

export interface Paintable {
  /** Null while there is nothing to show. */
  scene(): Omit<Scene, Screen> | null;
  overlay(): Omit<OverlayScene, Screen>;
  resized(size: Size): void;
}

/** The two canvases of a view and their clock: nothing is drawn unless something changed. */
export class Painter {
  size: Size = { width: 0, height: 0 };
  private readonly renderer: Renderer;
  private readonly overlayContext: CanvasRenderingContext2D;
  private colors: Colors;
  private ratio = 1;
  private frame = 0;
  private baseDirty = true;
  private restTimer = 0;
  private readonly busy = new BusyClock((took) => this.renderer.frameTook(took));
  private readonly cleanups: (() => void)[];

  constructor(
    private readonly stage: HTMLElement,
    private readonly base: HTMLCanvasElement,
    private readonly overlay: HTMLCanvasElement,
    private readonly source: Paintable,
  ) {
    this.renderer = new CanvasRenderer(base);
    this.overlayContext = overlay.getContext("2d")!;
    this.colors = readColors(stage);
    const resize = new ResizeObserver(() => this.measure());
    resize.observe(stage);
    this.cleanups = [
      () => resize.disconnect(),
      () => cancelAnimationFrame(this.frame),
      () => clearTimeout(this.restTimer),
      () => this.busy.stop(),
      onThemeChange(() => this.recolour()),
      this.watchRatio(),
    ];
  }

  dispose(): void {
    for (const cleanup of this.cleanups) cleanup();
    this.renderer.reset();
  }

  measure(): void {
    const width = this.stage.clientWidth;
    const height = this.stage.clientHeight;
    // An output that is scrolled away may report zero: keep what we have, draw upon return.
    if (width === 0 || height === 0) return;
    const ratio = window.devicePixelRatio || 1;
    if (width !== this.size.width || height !== this.size.height || ratio !== this.ratio) {
      this.ratio = ratio;
      this.size = { width, height };
      // A view may be rendered before it is put into the page, where the colours come from.
      this.colors = readColors(this.stage);
      for (const canvas of [this.base, this.overlay]) {
        canvas.width = Math.round(width * ratio);
        canvas.height = Math.round(height * ratio);
      }
      this.source.resized(this.size);
      // A canvas is blank after its size changed: not to be seen for a frame.
      this.baseDirty = true;
      this.draw(performance.now());
    }
    this.redraw();
  }

  recolour(): void {
    this.colors = readColors(this.stage);
    this.repaint();
  }

  picturesChanged(grid: number, cells: readonly number[]): void {
    this.renderer.picturesChanged(grid, cells);
    this.redraw();
  }

  crossfade(camera: Camera): void {
    this.renderer.crossfade(camera);
  }

  reset(): void {
    this.renderer.reset();
    this.redraw();
  }

  /** All pictures look different now. */
  repaint(): void {
    this.renderer.repaint();
    this.redraw();
  }

  redraw(): void {
    this.baseDirty = true;
    this.redrawOverlay();
  }

  redrawOverlay(): void {
    if (this.frame) return;
    this.frame = requestAnimationFrame((now) => {
      this.frame = 0;
      this.busy.begin();
      this.draw(now);
    });
  }

  private draw(now: number, settled = false): void {
    const { size, ratio, colors } = this;
    if (size.width === 0) return;
    // A frame carries the time of its start; pictures may have arrived after it.
    const screen = { size, ratio, colors, settled, now: Math.max(now, performance.now()) };
    if (this.baseDirty) {
      this.baseDirty = false;
      const scene = this.source.scene();
      if (!scene) this.renderer.blank(colors.background);
      else if (this.renderer.draw({ ...scene, ...screen })) this.redraw();
      else if (!scene.moving && this.renderer.couldBeBetter) this.drawBetterLater();
    }
    const overlay = { ...this.source.overlay(), ...screen };
    // An empty layer is taken out: laying it over the pictures costs a pass over every pixel.
    const empty = isEmpty(overlay);
    this.overlay.style.display = empty ? "none" : "";
    if (!empty) drawOverlay(this.overlayContext, overlay);
  }

  private drawBetterLater(): void {
    clearTimeout(this.restTimer);
    this.restTimer = window.setTimeout(() => {
      cancelAnimationFrame(this.frame);
      this.frame = requestAnimationFrame((now) => {
        this.frame = 0;
        this.busy.begin();
        // What has changed meanwhile is on its way to another such frame.
        const settled = !this.baseDirty;
        this.baseDirty = true;
        this.draw(now, settled);
      });
    }, REST);
  }

  /** Another screen, or the browser's zoom: another number of pixels. */
  private watchRatio(): () => void {
    let media: MediaQueryList;
    const listen = () => {
      media = matchMedia(`(resolution: ${window.devicePixelRatio}dppx)`);
      media.addEventListener("change", onChange, { once: true });
    };
    const onChange = () => {
      this.measure();
      listen();
    };
    listen();
    return () => media.removeEventListener("change", onChange);
  }
}

/** Tells how long the page was busy with a frame, until it was painted. */
class BusyClock {
  private readonly channel = new MessageChannel();
  private began = 0;

  constructor(tell: (milliseconds: number) => void) {
    // What is posted within a frame arrives once that has been painted.
    this.channel.port1.onmessage = () => tell(performance.now() - this.began);
  }

  begin(): void {
    this.began = performance.now();
    this.channel.port2.postMessage(null);
  }

  stop(): void {
    this.channel.port1.close();
  }
}
