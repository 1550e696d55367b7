import type { ReadonlySignal } from "@preact/signals";
import type { Box, Size } from "../geometry/geometry";
import { fitCamera } from "../geometry/geometry";
import type { LevelMode } from "../store/remembered";
import { FIRST_VIEW } from "../store/view_registry";
import { History } from "../util/history";

/** What is shown: layer, view, unit if one is open; the part of the map, and the choice of its grid. */
export interface Viewpoint {
  layer: string;
  showing: string;
  unit: number | null;
  viewport: Box;
  levels: LevelMode;
  home: boolean;
}

/** The time that the view rests before it counts as one that was looked at (ms). */
const REST = 500;

/** Views that differ by less than this share of their size are one. */
const NEAR = 0.005;

/** The view whose viewpoints these are. */
export interface ViewpointHost {
  /** What is shown; null while another layer is on its way. */
  viewpoint(): Viewpoint | null;
  size(): Size;
  take(viewpoint: Viewpoint): void;
}

/** The views that one had, to go back to and forward. */
export class Viewpoints {
  private readonly history = new History<Viewpoint>((one, other) => this.same(one, other));
  private timer: ReturnType<typeof setTimeout> | null = null;
  /** On the way to a viewpoint of before: what is passed is none. */
  private travelling = false;

  constructor(private readonly host: ViewpointHost) {}

  get hasEarlier(): ReadonlySignal<boolean> {
    return this.history.hasEarlier;
  }

  get hasLater(): ReadonlySignal<boolean> {
    return this.history.hasLater;
  }

  dispose(): void {
    if (this.timer !== null) clearTimeout(this.timer);
    this.timer = null;
  }

  /** Restarted by every move: a view counts from where one stops. */
  moved(): void {
    this.dispose();
    this.timer = setTimeout(() => this.settle(), REST);
  }

  /** A layer has other cells: what was looked at of its map is not there any more. */
  forget(layer: string): void {
    this.history.drop((one) => one.layer === layer && one.showing === FIRST_VIEW);
    this.moved();
  }

  go(step: -1 | 1): boolean {
    if (this.timer !== null && !this.travelling) this.settle();
    const viewpoint = this.history.go(step);
    if (!viewpoint) return false;
    this.travelling = true;
    this.host.take(viewpoint);
    return true;
  }

  private settle(): void {
    this.dispose();
    this.travelling = false;
    const viewpoint = this.host.size().width > 0 ? this.host.viewpoint() : null;
    if (viewpoint) this.history.record(viewpoint);
  }

  /** True if they look the same in the view as large as it is now. */
  private same(one: Viewpoint, other: Viewpoint): boolean {
    if (one.layer !== other.layer || one.showing !== other.showing) return false;
    if (one.unit !== other.unit) return false;
    if (one.showing !== FIRST_VIEW) return true;
    if (one.levels !== other.levels) return false;
    if (one.home && other.home) return true;
    const size = this.host.size();
    const k = fitCamera(one.viewport, size).k;
    if (Math.abs(fitCamera(other.viewport, size).k / k - 1) > NEAR) return false;
    const apart = (low: number, high: number) =>
      Math.abs(
        one.viewport[low] + one.viewport[high] - other.viewport[low] - other.viewport[high],
      ) / 2;
    return Math.hypot(apart(0, 2), apart(1, 3)) * k < NEAR * Math.max(size.width, size.height);
  }
}
