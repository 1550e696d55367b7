import { batch, signal } from "@preact/signals";
import type { Box, Camera, Point, Size } from "../geometry/geometry";
import {
  boxOfCells,
  cellBox,
  constrainCamera,
  fitCamera,
  padBox,
  recentre,
  UNIT,
  viewportOf,
} from "../geometry/geometry";
import type { Grid } from "../geometry/grids";
import { prefersReducedMotion } from "../page/theme";
import { CameraGestures } from "./gestures";

const FLIGHT = 650;
const STEP = 220;
const HOME_MARGIN = 22;
/** The largest size of a cell of the finest grid, in CSS pixels. */
const LARGEST_CELL = 420;

/** The view that is moved, and hears of it. */
export interface NavigationHost {
  /** Coarsest first; none before there is a layout. */
  grids(): readonly Grid[];
  mayPan(event: MouseEvent | TouchEvent): boolean;
  /** The camera is elsewhere now, in the midst of a move or at its end. */
  moved(): void;
  rested(): void;
}

/** The camera and its moves: by hand, by flight, at once. */
export class Navigation {
  readonly size = signal<Size>({ width: 0, height: 0 });
  readonly camera = signal<Camera>({ k: 1, x: 0, y: 0 });
  readonly moving = signal(false);
  readonly atHome = signal(true);
  private gestures!: CameraGestures;
  /** The box to begin at once the view has a size: a notebook may render it before it shows it. */
  private wanted: Box | null = null;

  constructor(private readonly host: NavigationHost) {}

  /** Listens on the stage; what is returned ends it. */
  attach(stage: HTMLElement): () => void {
    this.gestures = new CameraGestures(stage, {
      mayPan: (event) => this.host.mayPan(event),
      constrain: (camera) => constrainCamera(camera, this.size.peek(), this.homeBox),
      onStart: () => {
        this.moving.value = true;
      },
      onMove: (camera, byUser) => {
        batch(() => {
          // The wheel's gesture ends a while after its last turn, perhaps in the midst of a drag.
          this.moving.value = true;
          this.camera.value = camera;
          if (byUser) this.atHome.value = false;
          this.host.moved();
        });
      },
      onEnd: () => {
        this.moving.value = false;
        this.host.rested();
      },
    });
    return () => this.gestures.dispose();
  }

  get viewport(): Box {
    return viewportOf(this.camera.peek(), this.size.peek());
  }

  private get homeBox(): Box {
    const coarsest = this.host.grids()[0];
    return coarsest?.bounds ? padBox(coarsest.bounds, 0.25 / coarsest.size) : UNIT;
  }

  private homeCamera(): Camera {
    return fitCamera(this.homeBox, this.size.peek(), HOME_MARGIN);
  }

  resized(size: Size): void {
    const before = this.size.peek();
    this.size.value = size;
    this.updateRange();
    const { wanted } = this;
    this.wanted = null;
    if (wanted) this.restore(wanted);
    if (this.atHome.peek()) this.gestures.set(this.homeCamera());
    else if (!wanted) this.gestures.set(recentre(this.camera.peek(), before, size));
  }

  /** Other cells: other limits; whoever saw all of the atlas sees all of it again. */
  groundChanged(saved: Box | null): void {
    this.updateRange();
    if (saved) this.restore(saved);
    if (this.atHome.peek()) this.gestures.set(this.homeCamera());
  }

  /** Takes the place of another camera over the same ground, at once. */
  follow(other: Navigation): void {
    this.atHome.value = other.atHome.peek();
    this.gestures.set(recentre(other.camera.peek(), other.size.peek(), this.size.peek()));
  }

  /** The view of before a page reload, which the kernel remembers. */
  private restore(saved: Box): void {
    if (this.size.peek().width === 0) {
      this.wanted = saved;
    } else if (!this.showsAll(saved)) {
      this.atHome.value = false;
      this.gestures.set(fitCamera(saved, this.size.peek()));
    }
  }

  /** True if this box shows all of the atlas; the unit square stands for that as well. */
  private showsAll(box: Box): boolean {
    const home = this.homeBox;
    const covers = box[0] <= home[0] && box[1] <= home[1] && box[2] >= home[2] && box[3] >= home[3];
    return covers || box.every((value, at) => value === UNIT[at]);
  }

  private updateRange(): void {
    const grids = this.host.grids();
    const finest = grids[grids.length - 1]?.size ?? 20;
    const home = this.homeCamera().k;
    this.gestures.setRange(home * 0.7, Math.max(finest * LARGEST_CELL, home * 4));
  }

  home(): void {
    this.atHome.value = true;
    this.fly(this.homeCamera(), FLIGHT);
  }

  zoomBy(factor: number, at: Point | null = null): void {
    this.atHome.value = false;
    this.gestures.zoomBy(factor, at, prefersReducedMotion() ? 0 : STEP);
  }

  flyToBox(box: Box): void {
    if (this.size.peek().width === 0) {
      this.wanted = box;
    } else if (this.showsAll(box)) {
      this.home();
    } else {
      this.atHome.value = false;
      this.fly(fitCamera(box, this.size.peek()), FLIGHT);
    }
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
    this.gestures.set({ k, x: width / 2 - point.x * k, y: height / 2 - point.y * k });
  }

  /** Pans just as far as needed to have a cell in view, clear of the border. */
  reveal(grid: number, cell: number): void {
    const box = cellBox(cell, grid);
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

  private fly(camera: Camera, duration: number): void {
    this.gestures.flyTo(camera, prefersReducedMotion() ? 0 : duration);
  }
}
