import { signal } from "@preact/signals";
import { clamp } from "../geometry/geometry";
import type { Place } from "../geometry/place";
import type { LivePictures } from "../store/inspections";
import type { PanelStore } from "./panel";

/** The picture follows the slider once it rests this long (ms). */
const REST = 110;

/** The picture between two cells: made when it is asked for, and only for where the slider is. */
export class Mix {
  readonly share = signal(0.5);
  /** The picture being made, and its share; null before the slider is touched. */
  readonly live = signal<{ share: number; pictures: LivePictures } | null>(null);
  private timer: ReturnType<typeof setTimeout> | null = null;

  constructor(
    private readonly store: PanelStore,
    readonly first: Place,
    readonly other: Place,
  ) {}

  slide(share: number): void {
    this.share.value = clamp(share, 0, 1);
    this.cancelTimer();
    this.timer = setTimeout(() => this.make(), REST);
  }

  /** Begins the picture for where the slider is; what was being made is given up. */
  make(): void {
    this.cancelTimer();
    if (!this.store.connected.peek()) return;
    const share = this.share.peek();
    const { inspections } = this.store.details;
    this.live.peek()?.pictures.stop();
    this.live.value = { share, pictures: inspections.mix(this.first, this.other, share, 0) };
  }

  dispose(): void {
    this.cancelTimer();
    this.live.peek()?.pictures.stop();
  }

  private cancelTimer(): void {
    if (this.timer !== null) clearTimeout(this.timer);
    this.timer = null;
  }
}
