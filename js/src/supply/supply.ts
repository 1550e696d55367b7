import { type ReadonlySignal, signal } from "@preact/signals";
import { Pictures } from "../pictures";
import type { BrowserMessage, KernelMessageOf } from "../protocol/messages";
import { LostPictures } from "./lost";
import { Sheets } from "./sheets";
import { type InSight, Sights } from "./sights";

/** Cells that one message may name. */
const MAX_CELLS = 25_600;
/** Panels follow a burst of pictures at this pace (ms). */
const PANEL_PACE = 80;

/** The pictures that are here, those that are wanted first, and those that have to come again. */
export class PictureSupply {
  readonly pictures: Pictures;

  private readonly counter = signal(0);
  private readonly sheets: Sheets;
  private readonly sights = new Sights();
  private readonly lost: LostPictures;
  private timer: ReturnType<typeof setTimeout> | null = null;

  /** `onArrival` is told of pictures that came or became finer. */
  constructor(
    private readonly connected: ReadonlySignal<boolean>,
    private readonly send: (message: BrowserMessage) => void,
    private readonly onArrival: (grid: number, cells: number[]) => void,
  ) {
    this.pictures = new Pictures(
      (grid, cells) => this.arrived(grid, cells),
      (grid, cell) => this.lost.add(grid, cell),
    );
    this.lost = new LostPictures(
      (grid, cells) => this.askAgainFor(grid, cells),
      (grid, cell) => this.sights.has(grid, cell),
      (grid, cell) => this.pictures.isMissed(grid, cell),
    );
    this.sheets = new Sheets(this.pictures, send);
  }

  /** Counts up when pictures changed, for panels that show some. */
  get version(): ReadonlySignal<number> {
    return this.counter;
  }

  /** The pictures wanted first; another view's cells come right after those of this one. */
  look(view: object, sight: InSight, near: number[]): void {
    this.sights.set(view, sight);
    this.lost.sightChanged();
    const { grid, cells } = sight;
    const rest = this.sights.besides(view);
    for (const cell of near) rest.add(cell);
    this.send({
      kind: "visible",
      grid,
      cells: cells.slice(0, MAX_CELLS),
      near: [...rest].slice(0, MAX_CELLS),
    });
  }

  /** Nobody looks from there any more. */
  forgetView(view: object): void {
    this.sights.forget(view);
  }

  /** Returns whether there is a kernel to ask. */
  askAgainFor(grid: number, cells: number[]): boolean {
    if (!this.connected.peek()) return false;
    this.send({ kind: "missing", grid, cells: cells.slice(0, MAX_CELLS) });
    return true;
  }

  /** `revision` is that of the layout which is here. */
  receive(
    message: KernelMessageOf<"sheet">,
    bytes: Uint8Array | undefined,
    revision: number,
  ): void {
    this.sheets.receive(message, bytes, revision);
  }

  /** Another layout comes: none of the pictures is of its cells. */
  clear(): void {
    this.pictures.clear();
    this.lost.clear();
  }

  /** The layout of a revision is here: so are the pictures that overtook it. */
  layoutCame(revision: number): void {
    this.counter.value++;
    this.sheets.layoutCame(revision);
  }

  dispose(): void {
    this.lost.clear();
    this.pictures.dispose();
  }

  private arrived(grid: number, cells: number[]): void {
    this.lost.arrived(grid, cells);
    this.onArrival(grid, cells);
    if (this.timer !== null) return;
    this.timer = setTimeout(() => {
      this.timer = null;
      this.counter.value++;
    }, PANEL_PACE);
  }
}
