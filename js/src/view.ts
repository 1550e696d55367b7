import { batch, effect, signal } from "@preact/signals";
import type { Box, Camera, Point, Size } from "./geometry";
import {
  boxOfCells,
  cellAt,
  cellBox,
  constrainCamera,
  fitCamera,
  padBox,
  recentre,
  toAtlas,
  UNIT,
  viewportOf,
} from "./geometry";
import { CameraGestures } from "./gestures";
import type { Grid } from "./grids";
import { chooseLevel } from "./levels";
import { Painter } from "./painter";
import { type AreaGesture, listenToPointer } from "./pointer";
import { type Combine, combine, moveToGrid } from "./selection";
import { Sight } from "./sight";
import type { Store } from "./store";
import { prefersReducedMotion } from "./theme";

export type Tool = "pan" | "rectangle" | "lasso";
export type LevelMode = "auto" | number;

export interface Place {
  grid: number;
  cell: number;
}

/** A picture that arrives fades in over this time (ms). */
const FADE = 150;
const FLIGHT = 650;
const STEP = 220;
const HOME_MARGIN = 22;
/** How large a cell of the finest grid may become, in CSS pixels. */
const LARGEST_CELL = 420;

/** One view of a store: its camera, its level, what is under the pointer, what is open. */
export class View {
  readonly size = signal<Size>({ width: 0, height: 0 });
  readonly camera = signal<Camera>({ k: 1, x: 0, y: 0 });
  readonly level = signal<number | null>(null);
  readonly levelMode = signal<LevelMode>("auto");
  readonly tool = signal<Tool>("pan");
  /** The cell under the pointer or the keyboard's focus. */
  readonly active = signal<(Place & { by: "pointer" | "keyboard" }) | null>(null);
  readonly opened = signal<Place | null>(null);
  readonly moving = signal(false);
  readonly atHome = signal(true);
  /** Cells that the search found. */
  readonly found = signal<{ grid: number; cells: Set<number> } | null>(null);
  readonly gesture = signal<AreaGesture | null>(null);
  /** How far the live picture of the opened cell is. */
  readonly inspectStep = signal(0);

  private painter!: Painter;
  private camGestures!: CameraGestures;
  private sight!: Sight;
  private revision = -1;

  constructor(readonly store: Store) {}

  /** Brings the view to life on its elements; what is returned ends it. */
  attach(stage: HTMLElement, base: HTMLCanvasElement, overlay: HTMLCanvasElement): () => void {
    this.camGestures = new CameraGestures(stage, {
      mayPan: (event) => this.tool.peek() === "pan" && !event.shiftKey && !this.gesture.peek(),
      constrain: (camera) => constrainCamera(camera, this.size.peek(), this.homeBox),
      onStart: () => {
        this.moving.value = true;
      },
      onMove: (camera, byPerson) => this.moved(camera, byPerson),
      onEnd: () => {
        this.moving.value = false;
        this.painter.redraw();
      },
    });
    this.painter = new Painter(stage, base, overlay, {
      scene: () => this.scene(),
      overlay: () => this.overlay(),
      resized: (size) => this.resized(size),
    });
    this.sight = new Sight(this);
    const cleanups = [
      listenToPointer(stage, this),
      this.store.onChange((change) => {
        if (change.kind === "layout") this.layoutChanged();
        else this.painter.picturesChanged(change.grid, change.cells);
      }),
      ...this.follow(),
      () => this.sight.dispose(),
      () => this.painter.dispose(),
      () => this.camGestures.dispose(),
    ];
    this.painter.measure();
    this.layoutChanged();
    return () => {
      for (const cleanup of cleanups) cleanup();
    };
  }

  // ------------------------------------------------------------------ what is shown

  /** The grid in view, as a signal's value. */
  get grid(): Grid | null {
    return this.store.grid(this.level.value);
  }

  shownGrid(): Grid | null {
    const level = this.level.peek();
    return this.store.layout.peek()?.grids.find((grid) => grid.size === level) ?? null;
  }

  private get grids(): readonly Grid[] {
    return this.store.layout.peek()?.grids ?? [];
  }

  private get homeBox(): Box {
    const bounds = this.grids[0]?.bounds;
    return bounds ? padBox(bounds, 0.25 / this.grids[0].size) : UNIT;
  }

  private homeCamera(): Camera {
    return fitCamera(this.homeBox, this.size.peek(), HOME_MARGIN);
  }

  private moved(camera: Camera, byPerson: boolean): void {
    batch(() => {
      this.camera.value = camera;
      if (byPerson) this.atHome.value = false;
      this.updateLevel();
    });
    this.painter.redraw();
    this.sight.schedule();
  }

  private resized(size: Size): void {
    const before = this.size.peek();
    this.size.value = size;
    this.updateRange();
    const first = before.width === 0;
    if (this.atHome.peek() || first) this.camGestures.set(this.homeCamera());
    else this.camGestures.set(recentre(this.camera.peek(), before, size));
  }

  private updateLevel(): void {
    const mode = this.levelMode.peek();
    const before = this.level.peek();
    const known = mode !== "auto" && this.grids.some((grid) => grid.size === mode);
    const level = known
      ? mode
      : chooseLevel(this.grids, this.camera.peek(), this.size.peek(), before);
    if (level === before) return;
    if (before !== null) this.painter.crossfade(this.camera.peek());
    this.level.value = level;
    this.active.value = null;
    if (level !== null) this.store.setLevel(level);
  }

  private layoutChanged(): void {
    const layout = this.store.layout.peek();
    if (!layout) return;
    const first = this.revision < 0;
    if (layout.revision !== this.revision) {
      this.revision = layout.revision;
      if (!first) this.painter.crossfade(this.camera.peek());
      batch(() => {
        this.active.value = null;
        this.opened.value = null;
        this.found.value = null;
      });
    }
    this.sight.forget();
    this.updateRange();
    if (first) this.restoreViewport();
    if (this.atHome.peek()) this.camGestures.set(this.homeCamera());
    this.updateLevel();
    this.painter.reset();
    this.sight.schedule();
  }

  /** The view of before a page reload, which the kernel remembers. */
  private restoreViewport(): void {
    const saved = this.store.savedViewport();
    const size = this.size.peek();
    if (!saved || size.width === 0 || saved.every((value, at) => value === UNIT[at])) return;
    const home = this.homeBox;
    const showsAll =
      saved[0] <= home[0] && saved[1] <= home[1] && saved[2] >= home[2] && saved[3] >= home[3];
    if (showsAll) return;
    this.atHome.value = false;
    this.camGestures.set(fitCamera(saved, size));
  }

  private updateRange(): void {
    const finest = this.grids[this.grids.length - 1]?.size ?? 20;
    const home = this.homeCamera().k;
    this.camGestures.setRange(home * 0.7, Math.max(finest * LARGEST_CELL, home * 4));
  }

  // ------------------------------------------------------------------ moving about

  home(): void {
    this.atHome.value = true;
    this.fly(this.homeCamera(), FLIGHT);
  }

  zoomBy(factor: number, at: Point | null = null): void {
    this.atHome.value = false;
    this.camGestures.zoomBy(factor, at, prefersReducedMotion() ? 0 : STEP);
  }

  flyToBox(box: Box): void {
    this.atHome.value = false;
    this.fly(fitCamera(box, this.size.peek()), FLIGHT);
  }

  flyToCells(grid: number, cells: readonly number[]): void {
    const box = boxOfCells(cells, grid);
    if (box) this.flyToBox(padBox(box, Math.max(1.5 / grid, (box[2] - box[0]) * 0.15)));
  }

  /** Puts a point into the middle of the view, at once: the minimap's drag. */
  centreOn(point: Point): void {
    const { k } = this.camera.peek();
    const { width, height } = this.size.peek();
    this.atHome.value = false;
    this.camGestures.set({ k, x: width / 2 - point.x * k, y: height / 2 - point.y * k });
  }

  private fly(camera: Camera, duration: number): void {
    if (this.size.peek().width === 0) return;
    this.camGestures.flyTo(camera, prefersReducedMotion() ? 0 : duration);
  }

  /** Pans just as far as needed to have a cell in view, clear of the border. */
  private reveal(place: Place): void {
    const box = cellBox(place.cell, place.grid);
    const { k, x, y } = this.camera.peek();
    const { width, height } = this.size.peek();
    const margin = Math.min(24, width / 8, height / 8);
    const shift = (low: number, high: number, length: number) =>
      low < margin ? margin - low : high > length - margin ? length - margin - high : 0;
    const dx = shift(box[0] * k + x, box[2] * k + x, width);
    const dy = shift(box[1] * k + y, box[3] * k + y, height);
    if (dx === 0 && dy === 0) return;
    this.atHome.value = false;
    this.fly({ k, x: x + dx, y: y + dy }, STEP);
  }

  setLevelMode(mode: LevelMode): void {
    this.levelMode.value = mode;
    this.updateLevel();
    this.painter.redraw();
    this.sight.schedule();
  }

  /** Automatic, then each grid in turn. */
  nextLevelMode(): void {
    const modes: LevelMode[] = ["auto", ...this.grids.map((grid) => grid.size)];
    const at = modes.indexOf(this.levelMode.peek());
    this.setLevelMode(modes[(at + 1) % modes.length]);
  }

  // ------------------------------------------------------------------ cells

  /** The cell of the grid shown at a point of the stage; null between cells. */
  placeAt(point: Point): Place | null {
    const grid = this.shownGrid();
    if (!grid) return null;
    const cell = cellAt(toAtlas(this.camera.peek(), point), grid.size);
    return grid.has(cell) ? { grid: grid.size, cell } : null;
  }

  /** Arrow keys: from the active cell, else into the middle of the view. */
  step(dRow: number, dCol: number): void {
    const grid = this.shownGrid();
    if (!grid) return;
    const now = this.active.peek();
    let cell: number;
    if (now && now.grid === grid.size) {
      cell = grid.neighbour(now.cell, dRow, dCol);
    } else {
      const [x0, y0, x1, y1] = viewportOf(this.camera.peek(), this.size.peek());
      cell = grid.nearest((x0 + x1) / 2, (y0 + y1) / 2);
    }
    if (cell < 0) return;
    const place = { grid: grid.size, cell };
    this.active.value = { ...place, by: "keyboard" };
    this.reveal(place);
    if (this.opened.peek()) this.opened.value = place;
  }

  /** The selection as cells of the grid shown. */
  private selectedHere(): number[] {
    const grid = this.shownGrid();
    const { grid: from, cells } = this.store.selection.peek();
    return grid ? moveToGrid(cells, from, grid) : [];
  }

  select(cells: readonly number[], how: Combine): void {
    const level = this.level.peek();
    if (level === null) return;
    this.store.select(level, combine(this.selectedHere(), cells, how));
  }

  toggle(cell: number): void {
    this.select([cell], this.selectedHere().includes(cell) ? "remove" : "add");
  }

  selectAllInView(): void {
    const box = viewportOf(this.camera.peek(), this.size.peek());
    this.select(this.shownGrid()?.inBox(box) ?? [], "replace");
  }

  cancelGesture(): boolean {
    const running = this.gesture.peek() !== null;
    this.gesture.value = null;
    return running;
  }

  // ------------------------------------------------------------------ drawing

  recolour(): void {
    this.painter.recolour();
  }

  private scene() {
    const layout = this.store.layout.peek();
    const grid = this.shownGrid();
    if (!layout || !grid) return null;
    return {
      grid,
      grids: layout.grids,
      pictures: this.store.pictures,
      camera: this.camera.peek(),
      moving: this.moving.peek(),
      fade: prefersReducedMotion() ? 0 : FADE,
      label: (cell: number) => this.store.label(grid.size, cell),
    };
  }

  private overlay() {
    const selection = this.store.selection.peek();
    const active = this.active.peek();
    return {
      camera: this.camera.peek(),
      selection: this.store.layout.peek() && selection.grid > 0 ? selection : null,
      found: this.found.peek(),
      active: active && { ...active, strong: active.by === "keyboard" },
      opened: this.opened.peek(),
      gesture: this.gesture.peek(),
    };
  }

  /** Follows what Python set and what panels did. */
  private follow(): (() => void)[] {
    const { store } = this;
    return [
      effect(() => {
        const flight = store.flight.value;
        if (flight) this.flyToBox(flight.box);
      }),
      effect(() => {
        const wanted = store.wantedLevel.value;
        if (wanted && wanted.level !== this.level.peek()) this.setLevelMode(wanted.level);
      }),
      effect(() => this.sight.hovered(this.active.value?.cell ?? -1)),
      effect(() => {
        // Whatever of these changes, only the overlay is drawn again.
        void store.selection.value;
        void this.active.value;
        void this.opened.value;
        void this.gesture.value;
        void this.found.value;
        this.painter.redrawOverlay();
      }),
      effect(() => {
        void store.cards.labelVersion.value;
        this.painter.redraw();
      }),
    ];
  }
}
