import { batch, effect, signal, untracked } from "@preact/signals";
import { Choices } from "../causes/choices";
import type { Box, Point } from "../geometry/geometry";
import { cellAt, toAtlas } from "../geometry/geometry";
import type { Grid } from "../geometry/grids";
import type { ActivePlace, Place } from "../geometry/place";
import type { Combine } from "../geometry/selection";
import { Panels } from "../panels/panels";
import { cellsByGrid } from "../protocol/picture_key";
import { Painter } from "../renderer/painter";
import type { LevelMode } from "../store/remembered";
import type { Store } from "../store/store";
import { FIRST_VIEW } from "../store/view_registry";
import { CellWalk } from "./cell_walk";
import { followRemembered } from "./follow_remembered";
import { Navigation } from "./navigation";
import { NotesList } from "./notes";
import { OverlayLayer } from "./overlay_layer";
import { type AreaGesture, listenToPointer, type Tool } from "./pointer";
import { marksOf, sceneOf } from "./scenes";
import { Selecting } from "./selecting";
import { ShownLevel } from "./shown_level";
import { Sight } from "./sight";
import { type Viewpoint, Viewpoints } from "./viewpoints";

/** One view of a store: its level, what is under the pointer, what is open; and its parts. */
export class View {
  /** The name of the registered view that is shown; this one is the atlas. */
  readonly showing = signal(FIRST_VIEW);
  readonly tool = signal<Tool>("pan");
  /** The cell under the pointer or the keyboard's focus. */
  readonly active = signal<ActivePlace | null>(null);
  readonly opened = signal<Place | null>(null);
  /** Cells that the search found. */
  readonly found = signal<{ grid: number; cells: Set<number> } | null>(null);
  /** The position of the photo on the map that is looked at, among those of the photo. */
  readonly photoPosition = signal<number | null>(null);
  /** The names of regions are shown. */
  readonly names = signal(true);
  readonly gesture = signal<AreaGesture | null>(null);
  /** The line that returns here, after it was asked for; whether it could be copied. */
  readonly copied = signal<{ line: string; done: boolean } | null>(null);

  readonly levels: ShownLevel;
  readonly navigation: Navigation;
  readonly selecting: Selecting;
  /** The cells that are open beside the stage. */
  readonly panels: Panels;
  /** The settings of experiments. */
  readonly choices = new Choices();
  /** The colours over the pictures and their legend. */
  readonly overlays: OverlayLayer;
  readonly cellWalk: CellWalk;
  /** The list of notes. */
  readonly notes = new NotesList(this);
  readonly viewpoints: Viewpoints;
  private painter!: Painter;
  private sight!: Sight;
  private revision = -1;
  /** The layer that its cells are of. */
  private layer = "";
  /** A viewpoint of another layer, to be taken once that one's cells are here. */
  private awaited: Viewpoint | null = null;
  /** True while its layout is replaced: what goes with it, the kernel forgets by itself. */
  changingLayout = false;

  constructor(readonly store: Store) {
    this.levels = new ShownLevel(store.remembered.levels, {
      grids: () => this.grids,
      camera: () => this.camera.peek(),
      size: () => this.size.peek(),
      changing: () => this.painter.crossfade(this.camera.peek()),
      changed: (level) => {
        this.cellWalk.changeGrid(this.shownGrid());
        if (level !== null) store.setLevel(level);
      },
    });
    this.selecting = new Selecting(store, () => this.shownGrid());
    this.overlays = new OverlayLayer(this);
    this.panels = new Panels(store, this.opened);
    this.cellWalk = new CellWalk(this);
    this.viewpoints = new Viewpoints({
      viewpoint: () => this.viewpoint(),
      size: () => this.size.peek(),
      take: (viewpoint) => this.take(viewpoint),
    });
    this.navigation = new Navigation({
      grids: () => this.grids,
      mayPan: (event) => this.tool.peek() === "pan" && !event.shiftKey && !this.gesture.peek(),
      moved: () => {
        this.levels.update();
        this.painter.redraw();
        this.sight.schedule();
        this.overlays.moved();
        this.viewpoints.moved();
      },
      rested: () => this.painter.redraw(),
    });
  }

  /** Brings the view to life on its elements; what is returned ends it. */
  attach(stage: HTMLElement, base: HTMLCanvasElement, overlay: HTMLCanvasElement): () => void {
    const leave = this.navigation.attach(stage);
    this.painter = new Painter(stage, base, overlay, {
      scene: () => sceneOf(this),
      overlay: () => marksOf(this),
      resized: (size) => this.navigation.resized(size),
    });
    this.sight = new Sight(this);
    const cleanups = [
      listenToPointer(stage, this),
      this.store.onChange((change) => {
        if (change.kind === "layout") this.layoutChanged();
        else if ((change.kind === "crops") === this.showsCrops) {
          for (const [grid, cells] of cellsByGrid(change.keys)) {
            this.painter.picturesChanged(grid, cells);
          }
        }
      }),
      this.overlays.attach(
        () => this.painter.redraw(),
        () => this.painter.repaint(),
      ),
      ...this.follow(),
      () => this.panels.dispose(),
      () => this.choices.dispose(),
      () => this.sight.dispose(),
      () => this.viewpoints.dispose(),
      () => this.painter.dispose(),
      leave,
    ];
    this.painter.measure();
    this.layoutChanged();
    return () => {
      for (const cleanup of cleanups) cleanup();
    };
  }

  // ------------------------------------------------------------------ what is shown

  get level() {
    return this.levels.now;
  }

  get levelMode() {
    return this.levels.mode;
  }

  get size() {
    return this.navigation.size;
  }

  get camera() {
    return this.navigation.camera;
  }

  get moving() {
    return this.navigation.moving;
  }

  /** The overlay: `view.overlay.value = { kind: "influence", class: 7 }`. */
  get overlay() {
    return this.store.overlay;
  }

  get showsCrops(): boolean {
    return this.overlay.peek().kind === "crops";
  }

  /** The part of the atlas in view; null before the view has a size. */
  viewport(): Box | null {
    return this.size.peek().width > 0 ? this.navigation.viewport : null;
  }

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

  private layoutChanged(): void {
    const layout = this.store.layout.peek();
    if (!layout) return;
    const first = this.revision < 0;
    if (layout.revision !== this.revision) {
      this.revision = layout.revision;
      if (!first) this.painter.crossfade(this.camera.peek());
      this.changingLayout = true;
      batch(() => {
        this.active.value = null;
        this.panels.clear();
        this.found.value = null;
      });
      this.changingLayout = false;
      if (layout.layer === this.layer) this.viewpoints.forget(this.layer);
      else this.viewpoints.moved();
      this.layer = layout.layer;
    }
    this.sight.forget();
    const { remembered } = this.store;
    this.navigation.groundChanged(first ? remembered.viewport : null);
    if (first) this.open(remembered.opened);
    this.levels.update();
    this.painter.reset();
    this.sight.schedule();
    this.overlays.moved();
    this.takeAwaited();
  }

  private viewpoint(): Viewpoint | null {
    if (this.store.traits.layer.peek() !== this.layer) return null;
    return {
      layer: this.layer,
      showing: this.showing.peek(),
      unit: this.store.unit.peek(),
      viewport: this.navigation.viewport,
      levels: this.levelMode.peek(),
      home: this.navigation.atHome.peek(),
    };
  }

  private takeAwaited(): void {
    const { awaited } = this;
    this.awaited = null;
    if (awaited?.layer === this.layer) this.take(awaited);
  }

  private take(viewpoint: Viewpoint): void {
    const { layer, showing, unit, viewport, levels, home } = viewpoint;
    if (layer !== this.layer) {
      this.awaited = viewpoint;
      batch(() => {
        this.store.unit.value = null; // the other layer has units of its own
        this.showing.value = showing;
      });
      this.store.openLayer(layer);
      return;
    }
    batch(() => {
      this.showing.value = showing;
      this.store.unit.value = unit;
    });
    if (levels !== this.levelMode.peek()) this.setLevelMode(levels);
    if (home) this.navigation.home();
    else this.navigation.flyToBox(viewport);
  }

  setLevelMode(mode: LevelMode): void {
    this.levelMode.value = mode;
    this.levels.update();
    this.painter.redraw();
    this.sight.schedule();
    this.viewpoints.moved();
    this.store.remembered.levels = mode;
  }

  nextLevelMode(): void {
    this.setLevelMode(this.levels.next);
  }

  // ------------------------------------------------------------------ cells

  /** The cell of the grid shown at a point of the stage; null between cells. */
  placeAt(point: Point): Place | null {
    const grid = this.shownGrid();
    if (!grid) return null;
    const cell = cellAt(toAtlas(this.camera.peek(), point), grid.size);
    return grid.has(cell) ? { grid: grid.size, cell } : null;
  }

  /** Opens a cell if there is such a one. */
  open(place: Place | null): void {
    const grid = place && this.grids.find(({ size }) => size === place.grid);
    this.opened.value = grid?.has(place?.cell ?? -1) ? place : null;
  }

  /** Selects cells of any grid, as a legend or a list of search results does. */
  selectCells(grid: number, cells: readonly number[], how: Combine): void {
    const found = this.grids.find(({ size }) => size === grid);
    if (found) this.selecting.selectOn(found, cells, how);
  }

  selectAllInView(): void {
    this.selecting.select(this.shownGrid()?.inBox(this.navigation.viewport) ?? [], "replace");
  }

  cancelGesture(): boolean {
    const running = this.gesture.peek() !== null;
    this.gesture.value = null;
    return running;
  }

  // ------------------------------------------------------------------ drawing

  recolour(): void {
    this.painter.recolour();
    this.overlays.recolour();
  }

  /** Follows what Python set and what panels did. */
  private follow(): (() => void)[] {
    const { store } = this;
    return [
      ...followRemembered(this, store.remembered),
      effect(() => this.sight.hovered(this.active.value?.cell ?? -1)),
      effect(() => {
        void this.showing.value;
        void store.unit.value;
        untracked(() => this.viewpoints.moved());
      }),
      effect(() => {
        // Whatever of these changes, only the overlay is drawn again.
        void store.selection.value;
        void this.active.value;
        void this.panels.shown.value;
        void this.gesture.value;
        void this.found.value;
        this.painter.redrawOverlay();
      }),
      effect(() => {
        void store.note.value;
        const notes = store.notes.all.value;
        untracked(() => this.notes.follow(notes));
      }),
      effect(() => {
        void store.cards.labelVersion.value;
        this.painter.redraw();
      }),
    ];
  }
}
