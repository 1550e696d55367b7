import { type ReadonlySignal, signal } from "@preact/signals";
import { Pictures } from "../pictures";
import type { BrowserMessage } from "../protocol/messages";
import type { Handlers, Part } from "../protocol/parts";
import { numbersByGroup, type PictureKey } from "../protocol/picture_key";
import { MAX_CELLS } from "../protocol/shared";
import { LostPictures } from "./lost";
import { Sheets } from "./sheets";
import { type InSight, Sights } from "./sights";

/** Panels follow a burst of pictures at this pace (ms). */
const PANEL_PACE = 80;

/** The pictures that are here, those that are wanted first, and those that have to come again. */
export class PictureSupply implements Part {
  readonly pictures: Pictures;
  /** Sheets may overtake their layout, or come after the next one. */
  readonly ofAnyRevision = true;
  readonly handles: Handlers = {
    sheet: (message, bytes) => this.sheets.receive(message, bytes, this.revision),
  };

  private readonly counter = signal(0);
  private readonly sheets: Sheets;
  private readonly sights = new Sights();
  private readonly lost: LostPictures;
  private revision = -1;
  private timer: ReturnType<typeof setTimeout> | null = null;

  /** `onArrival` is told of pictures that came or became finer. */
  constructor(
    private readonly connected: ReadonlySignal<boolean>,
    private readonly send: (message: BrowserMessage) => void,
    private readonly onArrival: (keys: PictureKey[]) => void,
  ) {
    this.pictures = new Pictures(
      (keys) => this.arrived(keys),
      (key) => this.lost.add(key),
    );
    this.lost = new LostPictures(
      (keys) => this.askAgainFor(keys),
      (key) => this.sights.has(key),
      (key) => this.pictures.isMissed(key),
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
  askAgainFor(keys: readonly PictureKey[]): boolean {
    if (!this.connected.peek()) return false;
    for (const [group, numbers] of numbersByGroup(keys)) {
      this.send({ kind: "missing", group, numbers: numbers.slice(0, MAX_CELLS) });
    }
    return true;
  }

  /** Another layout comes: none of the pictures is of its cells. */
  clear(): void {
    this.pictures.clear();
    this.lost.clear();
  }

  /** The layout of a revision is here: so are the pictures that overtook it. */
  layoutCame(revision: number): void {
    this.revision = revision;
    this.counter.value++;
    this.sheets.layoutCame(revision);
  }

  dispose(): void {
    this.lost.clear();
    this.pictures.dispose();
  }

  private arrived(keys: PictureKey[]): void {
    this.lost.arrived(keys);
    this.onArrival(keys);
    if (this.timer !== null) return;
    this.timer = setTimeout(() => {
      this.timer = null;
      this.counter.value++;
    }, PANEL_PACE);
  }
}
