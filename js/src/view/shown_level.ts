import { type Signal, signal } from "@preact/signals";
import type { Camera, Size } from "../geometry/geometry";
import type { Grid } from "../geometry/grids";
import type { LevelMode } from "../store/remembered";
import { chooseLevel } from "./levels";

/** The view whose grid is chosen. */
export interface LevelHost {
  grids(): readonly Grid[];
  camera(): Camera;
  size(): Size;
  /** Right before another grid is shown, and right after. */
  changing(): void;
  changed(level: number | null): void;
}

/** The grid that a view shows: by zoom, or one that stays. */
export class ShownLevel {
  readonly now = signal<number | null>(null);
  readonly mode: Signal<LevelMode>;

  constructor(
    first: LevelMode,
    private readonly host: LevelHost,
  ) {
    this.mode = signal(first);
  }

  update(): void {
    const { host } = this;
    const grids = host.grids();
    const mode = this.mode.peek();
    const before = this.now.peek();
    const known = mode !== "auto" && grids.some((grid) => grid.size === mode);
    const level = known ? mode : chooseLevel(grids, host.camera(), host.size(), before);
    if (level === before) return;
    if (before !== null) host.changing();
    this.now.value = level;
    host.changed(level);
  }

  /** The mode after the present one: by zoom, then each grid in turn. */
  get next(): LevelMode {
    const modes: LevelMode[] = ["auto", ...this.host.grids().map((grid) => grid.size)];
    return modes[(modes.indexOf(this.mode.peek()) + 1) % modes.length];
  }
}
