import type { AnyModel } from "@anywidget/types";
import { type ReadonlySignal, type Signal, signal } from "@preact/signals";
import { Banners } from "./banners";
import { Cards } from "./cards";
import { Causes } from "./causes/causes";
import { Classes } from "./classes";
import { Details } from "./details";
import { Diagnoses } from "./diagnosis/diagnoses";
import { greet } from "./greeting";
import { Grid } from "./grids";
import { Influences } from "./influences";
import { KernelTraits } from "./kernel_traits";
import { Link } from "./link";
import { LostPictures } from "./lost";
import type { Axis, BrowserMessage, KernelMessageOf } from "./messages";
import { parseKernelMessage } from "./messages";
import type { OverlayChoice } from "./overlays/choice";
import { bindOverlay } from "./overlays/trait";
import { Pictures } from "./pictures";
import { RealCrops } from "./real_crops";
import { bindSelections } from "./selection/bound_selections";
import type { Selection, Selections } from "./selection/selections";
import { Sheets } from "./sheets";
import { type InSight, Sights } from "./sights";
import { Strongest } from "./strongest";
import { readSubject, type Subject } from "./subject";
import type { Status } from "./traits";
import { Remembered } from "./view/remembered";

export interface Layout {
  revision: number;
  final: boolean;
  /** Coarsest first. */
  grids: Grid[];
  samples: number;
  images: number;
  layer: string;
  subject: Subject;
  /** What x and y mean; none where they only part what differs. */
  axes: Axis[];
}

export type Change =
  | { kind: "layout" }
  | { kind: "pictures"; grid: number; cells: number[] }
  | { kind: "crops"; grid: number; cells: number[] };

const MAX_CELLS = 25_600;
/** Panels follow a burst of pictures at this pace (ms). */
const PANEL_PACE = 80;

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
  /** Counts up when pictures changed, for panels that show some. */
  readonly pictureVersion = signal(0);
  readonly pictures: Pictures;
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
  private readonly sights = new Sights();
  private readonly sheets: Sheets;
  private readonly lost = new LostPictures(
    (grid, cells) => this.askAgainFor(grid, cells),
    (grid, cell) => this.sights.has(grid, cell),
    (grid, cell) => this.pictures.isMissed(grid, cell),
  );
  private panelTimer: ReturnType<typeof setTimeout> | null = null;
  private readonly endGreeting: () => void;

  constructor(model: AnyModel) {
    this.link = new Link(model);
    this.connected = this.link.connected;
    this.pictures = new Pictures(
      (grid, cells) => this.picturesChanged(grid, cells),
      (grid, cell) => this.lost.add(grid, cell),
    );
    this.realCrops = new RealCrops(
      (message) => this.send(message),
      (grid, cells) => this.emit({ kind: "crops", grid, cells }),
    );
    this.sheets = new Sheets(this.pictures, (message) => this.send(message));
    this.traits = new KernelTraits(this.link, (status) => this.banners.followStatus(status));
    this.remembered = new Remembered(this.link);
    this.selections = bindSelections(this.link);
    const overlay = bindOverlay(this.link, this.classes.names);
    this.overlay = overlay.choice;
    this.unbindOverlay = overlay.stop;
    this.link.onMessage((content, buffers) => this.receive(content, buffers[0]));
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
    this.lost.clear();
    this.pictures.dispose();
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

  /** The pictures wanted first; another view's cells come right after those of this one. */
  sendVisible(view: object, sight: InSight, near: number[]): void {
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

  /** Returns whether there is a kernel to ask. */
  askAgainFor(grid: number, cells: number[]): boolean {
    if (!this.connected.peek()) return false;
    this.send({ kind: "missing", grid, cells: cells.slice(0, MAX_CELLS) });
    return true;
  }

  /** Asks for a cell's card unless it is complete. */
  wantCard(grid: number, cell: number): void {
    const known = this.cards.get(grid, cell);
    if (known?.classes && (known.strip || known.crops === 0)) return;
    if (this.connected.peek()) this.send({ kind: "hover", grid, cell });
  }

  forgetView(view: object): void {
    this.sights.forget(view);
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

  private receive(content: unknown, bytes: Uint8Array | undefined): void {
    const message = parseKernelMessage(content);
    if ("problem" in message) {
      console.warn(`[atlas_widget] ignored a message: ${message.problem}`);
      return;
    }
    switch (message.kind) {
      case "layout":
        this.receiveLayout(message);
        break;
      case "sheet":
        this.sheets.receive(message, bytes, this.revision);
        break;
      case "labels":
        if (message.revision === this.revision) this.cards.receiveLabels(message);
        break;
      case "card":
        if (message.revision === this.revision) this.cards.receive(message, bytes);
        break;
      case "influence":
        if (message.revision === this.revision) this.influences.receive(message);
        break;
      case "strongest":
        if (message.revision === this.revision) this.strongest.receive(message);
        break;
      case "real_crops":
        if (message.revision === this.revision) this.realCrops.receive(message, bytes);
        break;
      case "classes":
        this.classes.receive(message);
        break;
      case "frame":
      case "inspect_failed":
      case "profile":
      case "class_values":
      case "crop_in_image":
        this.details.receive(message, bytes, this.revision);
        break;
      case "task_progress":
      case "task_failed":
      case "causal_test":
      case "source_images":
      case "patch_picture":
      case "patch_classes":
      case "patch_tested":
      case "cues":
        this.causes.receive(message, bytes);
        break;
      case "diagnoses":
      case "diagnosis":
      case "halves":
      case "half_classes":
        if (message.revision === this.revision) this.diagnoses.receive(message, bytes);
        break;
      case "exported":
      case "error":
      case "notice":
        this.banners.receive(message);
        break;
      default:
        message satisfies never;
    }
  }

  private receiveLayout(message: KernelMessageOf<"layout">): void {
    const { revision, final, samples, images, layer, axes } = message;
    const subject = readSubject(message.subject);
    if (revision < this.revision) return;
    if (revision !== this.revision) {
      if (this.revision >= 0) this.selections.forget();
      this.pictures.clear();
      this.lost.clear();
      this.cards.clear();
      this.details.clear();
      this.diagnoses.clear();
      this.influences.clear();
      this.strongest.clear();
      this.realCrops.clear();
    }
    const grids = message.grids.map((cells) => new Grid(cells)).sort((a, b) => a.size - b.size);
    this.layout.value = { revision, final, grids, samples, images, layer, subject, axes };
    this.pictureVersion.value++;
    this.emit({ kind: "layout" });
    this.sheets.layoutCame(revision);
  }

  private picturesChanged(grid: number, cells: number[]): void {
    this.lost.arrived(grid, cells);
    this.emit({ kind: "pictures", grid, cells });
    if (this.panelTimer !== null) return;
    this.panelTimer = setTimeout(() => {
      this.panelTimer = null;
      this.pictureVersion.value++;
    }, PANEL_PACE);
  }

  private emit(change: Change): void {
    for (const listener of this.listeners) listener(change);
  }
}
