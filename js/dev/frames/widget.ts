import type { Camera } from "../../src/geometry/geometry";
import { fitCamera } from "../../src/geometry/geometry";
import { mount } from "../../src/mount";
import { Store } from "../../src/store/store";
import type { Step } from "./journey";
import { denseGrid, FeedingModel, type Sheets } from "./kernel";
import { nextFrame } from "./meter";

/** The real front end on a kernel that only feeds it, moved by the events that a hand causes. */
export class Widget {
  readonly home: Camera;
  private k: number;
  private pressed: { x: number; y: number } | null = null;

  private constructor(
    readonly model: FeedingModel,
    readonly store: Store,
    readonly grid: number,
    private readonly inside: ShadowRoot,
    private readonly stage: HTMLElement,
  ) {
    const size = { width: stage.clientWidth, height: stage.clientHeight };
    // What a dense atlas has around it at home: a quarter of a coarsest cell and 22 pixels.
    const pad = 0.25 / this.store.layout.peek()!.grids[0].size;
    this.home = fitCamera([-pad, -pad, 1 + pad, 1 + pad], size, 22);
    this.k = this.home.k;
  }

  /** Opens a widget whose stage is `width` by `height` and waits until all pictures are there. */
  static async open(sizes: number[], sheets: Sheets, width: number, height: number) {
    const element = document.createElement("div");
    element.style.width = `${width}px`;
    document.body.replaceChildren(element);
    const model = new FeedingModel(sizes.map(denseGrid), sheets, height);
    const store = new Store(model.face);
    mount(store, element);
    await nextFrame();
    const inside = element.querySelector(".aw-root")!.shadowRoot!;
    const stage = inside.querySelector<HTMLElement>(".aw-stage")!;
    model.set("height", 2 * height - stage.clientHeight);
    const missing = width - stage.clientWidth;
    if (missing > 0) element.style.width = `${width + missing}px`;
    while (!model.quiet) await new Promise((resolve) => setTimeout(resolve, 20));
    for (let i = 0; i < 30; i++) await nextFrame();
    return new Widget(model, store, sizes[sizes.length - 1], inside, stage);
  }

  /** Shows one grid whatever the scale, or (null) lets the view choose. */
  async showLevel(level: number | null): Promise<void> {
    const button = `[data-aw-level-mode="${level ?? "auto"}"]`;
    this.inside.querySelector<HTMLElement>(button)?.click();
    for (let i = 0; i < 60; i++) await nextFrame();
  }

  get middle(): { x: number; y: number } {
    const box = this.stage.getBoundingClientRect();
    return { x: box.left + box.width / 2, y: box.top + box.height / 2 };
  }

  /** Which cell's card is shown, as the card says. */
  get card(): string {
    return this.inside.querySelector("[data-aw-card]")?.getAttribute("data-aw-card") ?? "";
  }

  take(step: Step): void {
    if (step.move === 0) {
      this.release();
      this.wheel(step.k);
    } else {
      this.drag(step.move * Math.SQRT1_2);
    }
  }

  private wheel(k: number): void {
    if (Math.abs(k / this.k - 1) < 1e-6) return;
    const deltaY = -Math.log2(k / this.k) / 0.002;
    this.fire("wheel", this.middle, { deltaY });
    this.k = k;
  }

  private drag(by: number): void {
    if (!this.pressed) {
      this.pressed = this.middle;
      this.fire("mousedown", this.pressed);
    }
    this.pressed = { x: this.pressed.x - by, y: this.pressed.y - by };
    this.fire("mousemove", this.pressed);
  }

  release(): void {
    if (this.pressed) this.fire("mouseup", this.pressed);
    this.pressed = null;
  }

  /** The pointer over the stage, without a button. */
  hover(x: number, y: number): void {
    this.fire("pointermove", { x, y });
  }

  leave(): void {
    this.fire("pointerleave", { x: 0, y: 0 });
  }

  private fire(type: string, at: { x: number; y: number }, more: WheelEventInit = {}): void {
    const init = {
      bubbles: true,
      composed: true,
      cancelable: true,
      clientX: at.x,
      clientY: at.y,
      view: window,
    };
    // d3 listens to a drag on the window, where the events of the stage arrive too.
    const event =
      type === "wheel"
        ? new WheelEvent(type, { ...init, ...more })
        : type.startsWith("pointer")
          ? new PointerEvent(type, { ...init, pointerType: "mouse", ...more })
          : new MouseEvent(type, { ...init, ...more });
    this.stage.dispatchEvent(event);
  }
}
