import type { AnyModel } from "@anywidget/types";
import { type ReadonlySignal, type Signal, signal } from "@preact/signals";
import { Banners } from "./banners";
import { Cards } from "./cards";
import { Classes } from "./classes";
import { Details } from "./details";
import type { CellRange } from "./geometry";
import { inRange } from "./geometry";
import { Grid } from "./grids";
import { Influences } from "./influences";
import { Link } from "./link";
import { LostPictures } from "./lost";
import type { BrowserMessage, KernelMessageOf } from "./messages";
import { parseKernelMessage } from "./messages";
import type { OverlayChoice } from "./overlays/choice";
import { bindOverlay } from "./overlays/trait";
import { Pictures, STATES } from "./pictures";
import { RealCrops } from "./real_crops";
import { Remembered } from "./remembered";
import { type Selection, Selections } from "./selections";
import { Strongest } from "./strongest";
import type { LayerName, Status } from "./traits";
import { readInteger, readLayers, readSelection, readStatus } from "./traits";

export interface Layout {
  revision: number;
  final: boolean;
  /** Coarsest first. */
  grids: Grid[];
  samples: number;
  images: number;
  layer: string;
}

export type Change =
  | { kind: "layout" }
  | { kind: "pictures"; grid: number; cells: number[] }
  | { kind: "crops"; grid: number; cells: number[] };

/** What a view looks at: a range of a grid, and the cells in it from the middle outwards. */
export interface InSight {
  grid: number;
  range: CellRange;
  cells: number[];
}

type EarlySheet = { message: KernelMessageOf<"sheet">; bytes: Uint8Array };

/** Sheets of a layout that is not here yet; what is beyond these is asked for again anyway. */
const MAX_EARLY_SHEETS = 256;
const MAX_CELLS = 25_600;
/** Panels follow a burst of pictures at this pace (ms). */
const PANEL_PACE = 80;
/** How soon, and how seldom at last, the kernel is asked again for a layout (ms). */
const FIRST_REPEAT = 1000;
const LAST_REPEAT = 8000;
const DEFAULT_HEIGHT = 600;

/**
 * What the browser knows of one model, shared by all its views. It listens from `initialize` on:
 * messages that come before the first display arrive here too.
 */
export class Store {
  readonly layout = signal<Layout | null>(null);
  readonly status: Signal<Status>;
  readonly layer: Signal<string>;
  readonly layers: Signal<LayerName[]>;
  readonly height: Signal<number>;
  readonly selections: Selections;
  /** What lies over the pictures, in all views; setting it sets the trait. */
  readonly overlay: Signal<OverlayChoice>;
  readonly remembered: Remembered;
  /** Counts up when pictures changed, for panels that show some. */
  readonly pictureVersion = signal(0);
  readonly pictures: Pictures;
  readonly cards = new Cards();
  readonly details = new Details((message) => this.send(message));
  readonly classes = new Classes();
  readonly influences = new Influences((message) => this.send(message));
  readonly strongest = new Strongest((message) => this.send(message));
  readonly realCrops: RealCrops;
  readonly banners = new Banners();
  readonly connected: Signal<boolean>;

  private readonly link: Link;
  private readonly unbindOverlay: () => void;
  private readonly listeners = new Set<(change: Change) => void>();
  private readonly inSight = new Map<object, InSight>();
  private readonly lost = new LostPictures(
    (grid, cells) => this.askAgainFor(grid, cells),
    (grid, cell) => this.isInSight(grid, cell),
  );
  private early: EarlySheet[] = [];
  private panelTimer: ReturnType<typeof setTimeout> | null = null;
  private readyTimer: ReturnType<typeof setTimeout> | null = null;

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
    this.status = signal(readStatus(model.get("status")));
    this.layer = signal(String(model.get("layer") ?? ""));
    this.layers = signal(readLayers(model.get("layers")));
    this.height = signal(readInteger(model.get("height"), DEFAULT_HEIGHT));
    this.remembered = new Remembered(this.link);
    this.selections = new Selections(this.selectionOfTraits(), ({ grid, cells }) =>
      this.link.set({ level: grid, selection: cells }),
    );
    const overlay = bindOverlay(this.link, this.classes.names);
    this.overlay = overlay.choice;
    this.unbindOverlay = overlay.stop;
    this.listenToTraits();
    this.link.onMessage((content, buffers) => this.receive(content, buffers[0]));
    this.announceFatalStatus();
    this.sayReady(randomId(), FIRST_REPEAT);
  }

  /** What is selected now, and the grid that it is of. */
  get selection(): ReadonlySignal<Selection> {
    return this.selections.now;
  }

  get revision(): number {
    return this.layout.peek()?.revision ?? -1;
  }

  dispose(): void {
    if (this.readyTimer !== null) clearTimeout(this.readyTimer);
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
    return this.cards.get(grid, cell)?.label ?? this.cards.label(grid, cell);
  }

  // ------------------------------------------------------------------ to the kernel

  send(message: BrowserMessage): void {
    this.link.send(message);
  }

  /** The pictures wanted first; another view's cells come right after those of this one. */
  sendVisible(view: object, sight: InSight, near: number[]): void {
    this.inSight.set(view, sight);
    this.lost.sightChanged();
    const { grid, cells, range } = sight;
    const rest = new Set<number>();
    for (const [other, { grid: size, cells: theirs }] of this.inSight) {
      if (other === view || size !== grid) continue;
      for (const cell of theirs) if (!isInRange(range, cell, grid)) rest.add(cell);
    }
    for (const cell of near) rest.add(cell);
    this.send({
      kind: "visible",
      grid,
      cells: cells.slice(0, MAX_CELLS),
      near: [...rest].slice(0, MAX_CELLS),
    });
  }

  private isInSight(grid: number, cell: number): boolean {
    for (const sight of this.inSight.values()) {
      if (sight.grid === grid && isInRange(sight.range, cell, grid)) return true;
    }
    return false;
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
    this.inSight.delete(view);
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

  setLayer(name: string): void {
    this.layer.value = name;
    this.link.set({ layer: name });
  }

  setHeight(height: number): void {
    this.height.value = height;
    this.link.set({ height });
  }

  private selectionOfTraits(): Selection {
    return {
      grid: readInteger(this.link.get("level"), 0),
      cells: readSelection(this.link.get("selection")),
    };
  }

  private listenToTraits(): void {
    const { link } = this;
    link.onTrait("status", (value) => {
      this.status.value = readStatus(value);
      this.connected.value = true;
      this.announceFatalStatus();
    });
    link.onTrait("layer", (value) => {
      this.layer.value = String(value ?? "");
    });
    link.onTrait("layers", (value) => {
      this.layers.value = readLayers(value);
    });
    link.onTrait("height", (value) => {
      this.height.value = readInteger(value, DEFAULT_HEIGHT);
    });
    link.onTrait("selection", () => this.selections.follow(this.selectionOfTraits()));
    link.onTrait("level", (value) => {
      const level = readInteger(value, 0);
      if (level > 0) this.selections.onGrid(level);
    });
  }

  /**
   * Said again, ever less often, until there is a layout: a kernel whose widgets have a thread of
   * their own may get the first one before the widget listens, and drop it.
   */
  private sayReady(view: string, pause: number): void {
    if (this.connected.peek()) this.send({ kind: "ready", view, revision: this.revision });
    this.readyTimer = setTimeout(() => {
      if (this.revision < 0) this.sayReady(view, Math.min(2 * pause, LAST_REPEAT));
    }, pause);
  }

  /** After a page reload the message is gone, but the status still tells. */
  private announceFatalStatus(): void {
    const { stage, error } = this.status.peek();
    if (stage === "error" && error && !this.banners.has((banner) => banner.fatal)) {
      this.banners.add({ tone: "error", message: error, hint: "", fatal: true });
    }
    if (stage !== "error" && stage !== "closed") this.banners.keep((banner) => !banner.fatal);
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
        this.receiveSheet(message, bytes);
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
      case "exported": {
        const { path, provenance } = message;
        this.banners.add({ tone: "exported", message: path, hint: provenance, fatal: false });
        break;
      }
      case "error":
        this.banners.add({ ...message, tone: "error" });
        break;
      case "notice":
        this.banners.add({ tone: "notice", message: message.message, hint: "", fatal: false });
        break;
      default:
        message satisfies never;
    }
  }

  private receiveLayout(message: KernelMessageOf<"layout">): void {
    const { revision, final, samples, images, layer } = message;
    if (revision < this.revision) return;
    if (revision !== this.revision) {
      if (this.revision >= 0) this.selections.forget();
      this.pictures.clear();
      this.lost.clear();
      this.cards.clear();
      this.details.clear();
      this.influences.clear();
      this.strongest.clear();
      this.realCrops.clear();
    }
    const grids = message.grids.map((cells) => new Grid(cells)).sort((a, b) => a.size - b.size);
    this.layout.value = { revision, final, grids, samples, images, layer };
    this.pictureVersion.value++;
    this.emit({ kind: "layout" });
    const early = this.early.filter((sheet) => sheet.message.revision >= revision);
    this.early = early.filter((sheet) => sheet.message.revision > revision);
    for (const sheet of early) {
      if (sheet.message.revision === revision) void this.takeSheet(sheet.message, sheet.bytes);
    }
  }

  private receiveSheet(message: KernelMessageOf<"sheet">, bytes: Uint8Array | undefined): void {
    const acknowledge = () => this.send({ kind: "acknowledge", sheet: message.sheet });
    const valid = bytes && (STATES as readonly string[]).includes(message.state);
    if (!valid || message.revision < this.revision) {
      acknowledge();
    } else if (message.revision > this.revision) {
      // Overtook its layout. Acknowledged, or the kernel would wait for us while we wait for it.
      if (this.early.length < MAX_EARLY_SHEETS) this.early.push({ message, bytes });
      acknowledge();
    } else {
      void this.takeSheet(message, bytes).finally(acknowledge);
    }
  }

  private takeSheet(message: KernelMessageOf<"sheet">, bytes: Uint8Array): Promise<void> {
    return this.pictures
      .receive(message, bytes)
      .catch(() => console.warn(`[atlas_widget] sheet ${message.sheet} could not be decoded`));
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

const isInRange = (range: CellRange, cell: number, grid: number) =>
  inRange(range, Math.floor(cell / grid), cell % grid);

/** Not crypto.randomUUID, which plain-http hubs do not have. */
function randomId(): string {
  return Math.random().toString(36).slice(2, 12);
}
