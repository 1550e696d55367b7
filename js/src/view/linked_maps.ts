import { signal } from "@preact/signals";
import type { Point } from "../geometry/geometry";
import { cellAt, cellRange, fromCentre, toAtlas } from "../geometry/geometry";
import type { Grid } from "../geometry/grids";
import { prefersReducedMotion } from "../page/theme";
import type { Pictures } from "../pictures";
import { numbersByGroup, type PictureKey } from "../protocol/picture_key";
import { Painter } from "../renderer/painter";
import type { Tint } from "../renderer/tint";
import { Navigation } from "./navigation";

/** A picture that arrives fades in over this time (ms). */
const FADE = 150;
/** The time that a map rests before it is told what is in sight (ms). */
const SETTLE = 120;

/** What is marked on a map, above its pictures. */
export interface MapMarks {
  /** The cell that is looked at. */
  active: number | null;
  /** Its partner on the other map. */
  partner: number | null;
  /** Where samples are. */
  dots: readonly Point[];
}

export const NO_MARKS: MapMarks = { active: null, partner: null, dots: [] };

/** One of several maps that are looked at together. */
export class LinkedMap {
  readonly navigation: Navigation;
  /** The cell under the pointer or the keyboard’s focus. */
  readonly active = signal<number | null>(null);
  private painter: Painter | null = null;
  private marks: MapMarks = NO_MARKS;
  private tint: Tint | null = null;
  private timer = 0;

  constructor(
    readonly grid: Grid,
    ground: Grid,
    private readonly pictures: Pictures,
    private readonly host: {
      moved: (map: LinkedMap) => void;
      /** The cells in sight, from the middle outwards. */
      inSight: (cells: number[]) => void;
    },
  ) {
    this.navigation = new Navigation({
      grids: () => [ground],
      mayPan: () => true,
      moved: () => {
        this.painter?.redraw();
        this.schedule();
        host.moved(this);
      },
      rested: () => this.painter?.redraw(),
    });
  }

  /** Brings the map to life on its elements; what is returned ends it. */
  attach(stage: HTMLElement, base: HTMLCanvasElement, overlay: HTMLCanvasElement): () => void {
    const leave = this.navigation.attach(stage);
    const painter = new Painter(stage, base, overlay, {
      scene: () => ({
        grid: this.grid,
        grids: [this.grid],
        pictures: this.pictures,
        tint: this.tint && { tint: this.tint, strength: 0.8 },
        camera: this.navigation.camera.peek(),
        moving: this.navigation.moving.peek(),
        fade: prefersReducedMotion() ? 0 : FADE,
        label: () => null,
      }),
      overlay: () => this.overlay(),
      resized: (size) => {
        this.navigation.resized(size);
        this.schedule();
      },
    });
    this.painter = painter;
    const abort = new AbortController();
    const { signal } = abort;
    stage.addEventListener("pointermove", (event) => this.point(stage, event), { signal });
    stage.addEventListener("pointerdown", (event) => this.point(stage, event), { signal });
    stage.addEventListener(
      "pointerleave",
      () => {
        this.active.value = null;
      },
      { signal },
    );
    painter.measure();
    return () => {
      abort.abort();
      clearTimeout(this.timer);
      painter.dispose();
      leave();
      this.painter = null;
    };
  }

  mark(marks: MapMarks): void {
    this.marks = marks;
    this.painter?.redrawOverlay();
  }

  /** Lays colours over the pictures, or none. */
  colour(tint: Tint | null): void {
    this.tint = tint;
    this.painter?.redraw();
  }

  /** Pictures have come: it is drawn again if some are of its cells. */
  picturesChanged(keys: readonly PictureKey[]): void {
    const { group, size } = this.grid;
    const own = numbersByGroup(keys).get(group);
    if (own) this.painter?.picturesChanged(size, own);
  }

  /** Moves the focus to the next cell in a direction; the first time to the one in the middle. */
  step(dRow: number, dCol: number): void {
    const now = this.active.peek();
    const [x0, y0, x1, y1] = this.navigation.viewport;
    const next =
      now === null
        ? this.grid.nearest((x0 + x1) / 2, (y0 + y1) / 2)
        : this.grid.neighbour(now, dRow, dCol);
    if (next < 0) return;
    this.active.value = next;
    this.navigation.reveal(this.grid.size, next);
  }

  private point(stage: HTMLElement, event: PointerEvent): void {
    const box = stage.getBoundingClientRect();
    const point = { x: event.clientX - box.left, y: event.clientY - box.top };
    const cell = cellAt(toAtlas(this.navigation.camera.peek(), point), this.grid.size);
    this.active.value = this.grid.has(cell) ? cell : null;
  }

  private schedule(): void {
    clearTimeout(this.timer);
    this.timer = window.setTimeout(() => {
      if (this.navigation.size.peek().width === 0) return;
      const { grid } = this;
      const box = this.navigation.viewport;
      const cells = grid.inRange(cellRange(box, grid.size));
      this.host.inSight(fromCentre(cells, grid.size, box));
    }, SETTLE);
  }

  private overlay() {
    const { active, partner, dots } = this.marks;
    const grid = this.grid.size;
    return {
      camera: this.navigation.camera.peek(),
      selection: null,
      found: null,
      active: active === null ? null : { grid, cell: active, strong: false },
      opened: partner === null ? [] : [{ grid, cell: partner }],
      gesture: null,
      dots,
    };
  }
}

/** Maps over one ground: where one is moved or zoomed, the others follow. */
export class LinkedMaps {
  readonly maps: readonly LinkedMap[];
  private following = false;

  constructor(make: (moved: (map: LinkedMap) => void) => readonly LinkedMap[]) {
    this.maps = make((moved) => this.follow(moved));
  }

  private follow(moved: LinkedMap): void {
    if (this.following) return;
    this.following = true;
    for (const map of this.maps) {
      if (map !== moved && map.navigation.size.peek().width > 0) {
        map.navigation.follow(moved.navigation);
      }
    }
    this.following = false;
  }
}
