import type { AnyModel } from "@anywidget/types";
import { type ReadonlySignal, type Signal, signal } from "@preact/signals";
import { Causes } from "../causes/causes";
import { Diagnoses } from "../diagnosis/diagnoses";
import type { Grid } from "../geometry/grids";
import type { Pictures } from "../pictures";
import type { BrowserMessage, KernelMessageOf } from "../protocol/messages";
import { PictureSupply } from "../supply/supply";
import { greet } from "./announcing";
import { Banners } from "./banners";
import { bindSelections } from "./bound_selections";
import { Cards } from "./cards";
import { Classes } from "./classes";
import { Details } from "./details";
import { Influences } from "./influences";
import { KernelTraits } from "./kernel_traits";
import { type Layout, readLayout } from "./layout";
import { Link } from "./link";
import type { OverlayChoice } from "./overlay_choice";
import { bindOverlay } from "./overlay_trait";
import { RealCrops } from "./real_crops";
import { receive } from "./receiving";
import { Remembered } from "./remembered";
import type { Selection, Selections } from "./selections";
import { Strongest } from "./strongest";
import type { Status } from "./traits";

export type Change =
  | { kind: "layout" }
  | { kind: "pictures"; grid: number; cells: number[] }
  | { kind: "crops"; grid: number; cells: number[] };

/**
 * What the browser knows of one model, shared by all its views. It listens from `initialize` on:
 * messages that come before the first display arrive here too.
 */
export class Store {
  readonly layout = signal<Layout | null>(null);
  readonly traits: KernelTraits;
  readonly selections: Selections;
  /** What lies over the pictures, in all views; setting it sets the trait. */
  readonly overlay: Signal<OverlayChoice>;
  readonly remembered: Remembered;
  readonly supply: PictureSupply;
  readonly cards = new Cards();
  readonly details = new Details((message) => this.send(message));
  readonly diagnoses = new Diagnoses((message) => this.send(message));
  readonly classes = new Classes();
  readonly causes = new Causes((message) => this.send(message));
  readonly influences = new Influences((message) => this.send(message));
  readonly strongest = new Strongest((message) => this.send(message));
  readonly realCrops: RealCrops;
  readonly banners = new Banners();
  readonly connected: Signal<boolean>;

  private readonly link: Link;
  private readonly unbindOverlay: () => void;
  private readonly listeners = new Set<(change: Change) => void>();
  private readonly endGreeting: () => void;

  constructor(model: AnyModel) {
    this.link = new Link(model);
    this.connected = this.link.connected;
    const send = (message: BrowserMessage) => this.send(message);
    this.supply = new PictureSupply(this.connected, send, (grid, cells) =>
      this.emit({ kind: "pictures", grid, cells }),
    );
    this.realCrops = new RealCrops(send, (grid, cells) =>
      this.emit({ kind: "crops", grid, cells }),
    );
    this.traits = new KernelTraits(this.link, (status) => this.banners.followStatus(status));
    this.remembered = new Remembered(this.link);
    this.selections = bindSelections(this.link);
    const overlay = bindOverlay(this.link, this.classes.names);
    this.overlay = overlay.choice;
    this.unbindOverlay = overlay.stop;
    this.link.onMessage((content, buffers) => receive(this, content, buffers[0]));
    this.endGreeting = greet(
      (view) => {
        if (this.connected.peek()) this.send({ kind: "ready", view, revision: this.revision });
      },
      () => this.revision >= 0,
    );
  }

  get status(): ReadonlySignal<Status> {
    return this.traits.status;
  }

  get pictures(): Pictures {
    return this.supply.pictures;
  }

  /** Counts up when pictures changed, for panels that show some. */
  get pictureVersion(): ReadonlySignal<number> {
    return this.supply.version;
  }

  /** What is selected now, and the grid that it is of. */
  get selection(): ReadonlySignal<Selection> {
    return this.selections.now;
  }

  get revision(): number {
    return this.layout.peek()?.revision ?? -1;
  }

  dispose(): void {
    this.endGreeting();
    this.unbindOverlay();
    this.link.dispose();
    this.listeners.clear();
    this.supply.dispose();
    this.realCrops.dispose();
    this.influences.stop();
  }

  onChange(listener: (change: Change) => void): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  grid(size: number | null): Grid | null {
    return this.layout.value?.grids.find((grid) => grid.size === size) ?? null;
  }

  /** A cell's label: from its card if that has come, else from the list of labels. */
  label(grid: number, cell: number): string | null {
    return this.cards.peek(grid, cell)?.label ?? this.cards.label(grid, cell);
  }

  // ------------------------------------------------------------------ to the kernel

  send(message: BrowserMessage): void {
    this.link.send(message);
  }

  /** Asks for a cell's card unless it is complete. */
  wantCard(grid: number, cell: number): void {
    const known = this.cards.get(grid, cell);
    if (known?.classes && (known.strip || known.crops === 0)) return;
    if (this.connected.peek()) this.send({ kind: "hover", grid, cell });
  }

  retry(): void {
    this.banners.keep((banner) => banner.tone !== "error");
    this.send({ kind: "retry" });
  }

  // ------------------------------------------------------------------ traits

  select(grid: number, cells: number[]): void {
    this.selections.choose({ grid, cells });
  }

  setLevel(level: number): void {
    // A selection's ids mean cells of the grid it was made on: the trait stays with them.
    if (this.selection.peek().cells.length > 0) return;
    this.selections.onGrid(level);
    this.link.set({ level });
  }

  setHovered(cell: number): void {
    this.link.set({ hovered: cell });
    this.wonder();
  }

  /** Finds out whether the kernel is still there, where nobody may have said that it is gone. */
  wonder(): void {
    const grid = this.layout.peek()?.grids[0].size;
    if (grid !== undefined) this.link.wonder({ kind: "missing", grid, cells: [] });
  }

  // ------------------------------------------------------------------ from the kernel

  receiveLayout(message: KernelMessageOf<"layout">): void {
    const { revision } = message;
    if (revision < this.revision) return;
    if (revision !== this.revision) {
      if (this.revision >= 0) this.selections.forget();
      this.supply.clear();
      this.cards.clear();
      this.details.clear();
      this.diagnoses.clear();
      this.influences.clear();
      this.strongest.clear();
      this.realCrops.clear();
    }
    this.layout.value = readLayout(message);
    this.emit({ kind: "layout" });
    this.supply.layoutCame(revision);
  }

  private emit(change: Change): void {
    for (const listener of this.listeners) listener(change);
  }
}
