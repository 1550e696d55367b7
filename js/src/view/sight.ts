import type { ReadonlySignal } from "@preact/signals";
import type { Box, Camera, Size } from "../geometry/geometry";
import { cellRange, fromCentre, inRange, viewportOf } from "../geometry/geometry";
import type { Grid } from "../geometry/grids";
import type { PictureKey } from "../protocol/picture_key";
import type { Store } from "../store/store";

/** The time that the view rests before the kernel hears what is in sight (ms). */
const SETTLE = 120;
const HOVER_PACE = 100;
const ASK_AGAIN_AFTER = 4000;
const ASK_AGAIN_TIMES = 3;

/** The part of a view that says where it looks. */
export interface SightHost {
  readonly store: Store;
  readonly camera: ReadonlySignal<Camera>;
  readonly size: ReadonlySignal<Size>;
  shownGrid(): Grid | null;
}

/** Tells the kernel what a view looks at, and asks again for what should be here and is not. */
export class Sight {
  private settleTimer = 0;
  private hoverTimer = 0;
  private readonly again: number;
  private last = "";
  private readonly asked = new Map<PictureKey, number>();

  constructor(private readonly view: SightHost) {
    this.again = window.setInterval(() => this.askAgain(), ASK_AGAIN_AFTER);
  }

  dispose(): void {
    clearTimeout(this.settleTimer);
    clearTimeout(this.hoverTimer);
    clearInterval(this.again);
    this.view.store.supply.forgetView(this.view);
  }

  /** Another layout: everything is to be told, and may be asked for, anew. */
  forget(): void {
    this.last = "";
    this.asked.clear();
  }

  /** Restarted by every move: the kernel hears of where the user stops. */
  schedule(): void {
    clearTimeout(this.settleTimer);
    this.settleTimer = window.setTimeout(() => this.tell(), SETTLE);
  }

  hovered(cell: number): void {
    clearTimeout(this.hoverTimer);
    this.hoverTimer = window.setTimeout(() => this.view.store.setHovered(cell), HOVER_PACE);
  }

  private tell(): void {
    const { view } = this;
    const grid = view.shownGrid();
    const size = view.size.peek();
    if (!grid || size.width === 0) return;
    const box = viewportOf(view.camera.peek(), size);
    view.store.remembered.viewport = box.map((value) => Number(value.toFixed(6))) as Box;
    const range = cellRange(box, grid.size);
    const sight = [view.store.revision, grid.size, ...Object.values(range)].join();
    if (sight === this.last) return;
    this.last = sight;
    const cells = fromCentre(grid.inRange(range), grid.size, box);
    const around = grid
      .inBox(box, 1)
      .filter((cell) => !inRange(range, Math.floor(cell / grid.size), cell % grid.size));
    const near = fromCentre(around, grid.size, box);
    view.store.supply.look(view, { grid: grid.size, range, cells }, near);
  }

  private askAgain(): void {
    const { view } = this;
    const { store } = view;
    const grid = view.shownGrid();
    const size = view.size.peek();
    if (!grid || size.width === 0 || document.hidden) return;
    if (!store.connected.peek()) return;
    if (store.status.peek().stage !== "idle") {
      store.pingIfSilent(); // more should have come by now
      return;
    }
    const missing = grid
      .inBox(viewportOf(view.camera.peek(), size))
      .filter((cell) => !store.pictures.get(grid.key(cell)))
      .filter((cell) => (this.asked.get(grid.key(cell)) ?? 0) < ASK_AGAIN_TIMES);
    if (missing.length === 0) return;
    for (const cell of missing) {
      const key = grid.key(cell);
      this.asked.set(key, (this.asked.get(key) ?? 0) + 1);
    }
    store.supply.askAgainFor(missing.map((cell) => grid.key(cell)));
  }
}
