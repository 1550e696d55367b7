import type { AnyModel } from "@anywidget/types";
import { type Signal, signal } from "@preact/signals";
import type { Canvas } from "./decode";
import { decodeToCanvas } from "./decode";
import type { Box } from "./geometry";
import { Grid } from "./grids";
import type { BrowserMessage, ClassValue, KernelMessage, KernelMessageOf } from "./messages";
import { parseKernelMessage } from "./messages";
import { Pictures, STATES } from "./pictures";
import type { LayerName, Status } from "./traits";
import { readBox, readInteger, readLayers, readSelection, readStatus } from "./traits";

export interface Layout {
  revision: number;
  final: boolean;
  grids: Grid[];
  samples: number;
  images: number;
  layer: string;
}

export interface Card {
  grid: number;
  cell: number;
  count: number;
  cosine: number | null;
  rank: number | null;
  state: string;
  label: string | null;
  classes: ClassValue[] | null;
  against: ClassValue[] | null;
  crops: number;
  tile: number;
  strip: Canvas | null;
}

export interface Inspection {
  request: number;
  grid: number;
  cell: number;
  seed: number;
  step: number;
  steps: number;
  cosine: number | null;
  done: boolean;
  picture: Canvas | null;
  /** [step, cosine] of every frame so far. */
  trace: [number, number][];
}

export interface Banner {
  id: number;
  tone: "error" | "notice" | "exported";
  message: string;
  hint: string;
  fatal: boolean;
}

export interface Selection {
  grid: number;
  cells: number[];
}

export type Change = { kind: "layout" } | { kind: "pictures"; grid: number; cells: number[] };

/** Sheets of a layout that is not here yet; more than these are asked for again anyway. */
const MAX_EARLY_SHEETS = 256;
const MAX_BANNERS = 4;

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
  readonly selection: Signal<Selection>;
  /** Asked for from Python: a place to fly to, a level to show. */
  readonly flight = signal<{ box: Box } | null>(null);
  readonly wantedLevel = signal<{ level: number } | null>(null);
  readonly banners = signal<Banner[]>([]);
  readonly connected = signal(true);
  /** Count up when pictures, labels or cards changed, for panels that read them. */
  readonly pictureVersion = signal(0);
  readonly labelVersion = signal(0);
  readonly cardVersion = signal(0);
  readonly pictures: Pictures;

  private readonly labels = new Map<number, Map<number, string | null>>();
  private readonly cards = new Map<string, Card>();
  private readonly inspections = new Map<number, Signal<Inspection>>();
  private readonly listeners = new Set<(change: Change) => void>();
  private readonly lastSet = new Map<string, string>();
  private readonly inSight = new Map<object, { grid: number; cells: number[]; near: number[] }>();
  private readonly early: { message: KernelMessageOf<"sheet">; bytes: Uint8Array }[] = [];
  private readonly cleanups: (() => void)[] = [];
  private bannerCount = 0;
  private nextRequest = 1 + Math.floor(Math.random() * 1e6);
  private pictureNotice = 0;

  constructor(private readonly model: AnyModel) {
    this.pictures = new Pictures((grid, cells) => this.picturesChanged(grid, cells));
    this.status = signal(readStatus(model.get("status")));
    this.layer = signal(String(model.get("layer") ?? ""));
    this.layers = signal(readLayers(model.get("layers")));
    this.height = signal(readInteger(model.get("height"), 600));
    this.selection = signal({
      grid: readInteger(model.get("level"), 0),
      cells: readSelection(model.get("selection")),
    });
    this.listen();
    this.announceFatalStatus();
    this.send({ kind: "ready", view: randomId(), revision: this.revision });
  }

  get revision(): number {
    return this.layout.peek()?.revision ?? -1;
  }

  dispose(): void {
    for (const cleanup of this.cleanups) cleanup();
    this.listeners.clear();
    this.pictures.dispose();
  }

  onChange(listener: (change: Change) => void): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  grid(size: number | null): Grid | null {
    return this.layout.value?.grids.find((grid) => grid.size === size) ?? null;
  }

  label(grid: number, cell: number): string | null {
    return this.labels.get(grid)?.get(cell) ?? null;
  }

  labelsOf(grid: number): ReadonlyMap<number, string | null> {
    return this.labels.get(grid) ?? new Map();
  }

  card(grid: number, cell: number): Card | null {
    return this.cards.get(`${grid}:${cell}`) ?? null;
  }

  // ------------------------------------------------------------------ to the kernel

  send(message: BrowserMessage): void {
    try {
      this.model.send(message);
    } catch {
      this.connected.value = false;
    }
  }

  /** The pictures wanted first; a second view's cells come right after those of the active one. */
  sendVisible(view: object, grid: number, cells: number[], near: number[]): void {
    this.inSight.set(view, { grid, cells, near });
    const also: number[] = [];
    for (const [other, sight] of this.inSight) {
      if (other !== view && sight.grid === grid) also.push(...sight.cells);
    }
    const mine = new Set(cells);
    const rest = [...new Set([...also, ...near])].filter((cell) => !mine.has(cell));
    this.send({ kind: "visible", grid, cells: cells.slice(0, 6400), near: rest.slice(0, 6400) });
  }

  forgetView(view: object): void {
    this.inSight.delete(view);
  }

  inspect(grid: number, cell: number, seed: number): Signal<Inspection> {
    const request = this.nextRequest++;
    const inspection = signal<Inspection>({
      request,
      grid,
      cell,
      seed,
      step: 0,
      steps: 0,
      cosine: null,
      done: false,
      picture: null,
      trace: [],
    });
    this.inspections.set(request, inspection);
    this.send({ kind: "inspect", grid, cell, request, seed });
    return inspection;
  }

  stopInspect(request: number): void {
    this.inspections.delete(request);
    this.send({ kind: "stop_inspect", request });
  }

  retry(): void {
    this.banners.value = this.banners.value.filter((banner) => banner.tone !== "error");
    this.send({ kind: "retry" });
  }

  dismiss(id: number): void {
    this.banners.value = this.banners.value.filter((banner) => banner.id !== id);
  }

  // ------------------------------------------------------------------ traits

  /** One gesture, one update: `observe`rs in Python are called once. */
  select(grid: number, cells: number[]): void {
    this.selection.value = { grid, cells };
    this.setTraits({ level: grid, selection: cells });
  }

  setLevel(level: number): void {
    // A selection's ids mean cells of the grid it was made on: the trait stays with them.
    if (this.selection.peek().cells.length > 0) return;
    this.selection.value = { grid: level, cells: [] };
    this.setTraits({ level });
  }

  setViewport(box: Box): void {
    this.setTraits({ viewport: box });
  }

  setHovered(cell: number): void {
    this.setTraits({ hovered: cell });
  }

  setLayer(name: string): void {
    this.layer.value = name;
    this.setTraits({ layer: name });
  }

  savedViewport(): Box | null {
    return readBox(this.model.get("viewport"));
  }

  private setTraits(values: Record<string, unknown>): void {
    let changed = false;
    for (const [name, value] of Object.entries(values)) {
      const text = JSON.stringify(value);
      if (JSON.stringify(this.model.get(name)) === text) continue;
      // Remembered before it is set: the model tells every listener, this one included.
      this.lastSet.set(name, text);
      this.model.set(name, value);
      changed = true;
    }
    if (!changed) return;
    try {
      this.model.save_changes();
    } catch {
      this.connected.value = false;
    }
  }

  private onTrait(name: string, handle: (value: unknown) => void): void {
    const listener = () => {
      const value = this.model.get(name);
      if (this.lastSet.get(name) === JSON.stringify(value)) return; // our own doing
      this.lastSet.delete(name);
      handle(value);
    };
    this.model.on(`change:${name}`, listener);
    this.cleanups.push(() => this.model.off(`change:${name}`, listener));
  }

  private listen(): void {
    this.onTrait("status", (value) => {
      this.status.value = readStatus(value);
      this.connected.value = true;
      this.announceFatalStatus();
    });
    this.onTrait("layer", (value) => {
      this.layer.value = String(value ?? "");
    });
    this.onTrait("layers", (value) => {
      this.layers.value = readLayers(value);
    });
    this.onTrait("height", (value) => {
      this.height.value = readInteger(value, 600);
    });
    this.onTrait("viewport", (value) => {
      const box = readBox(value);
      if (box) this.flight.value = { box };
    });
    this.onTrait("selection", (value) => {
      this.selection.value = {
        grid: readInteger(this.model.get("level"), this.selection.peek().grid),
        cells: readSelection(value),
      };
    });
    this.onTrait("level", (value) => {
      const level = readInteger(value, 0);
      if (level <= 0) return;
      this.selection.value = { ...this.selection.peek(), grid: level };
      this.wantedLevel.value = { level };
    });

    const onMessage = (content: unknown, buffers: DataView[]) => this.receive(content, buffers);
    this.model.on("msg:custom", onMessage);
    this.cleanups.push(() => this.model.off("msg:custom", onMessage));

    // Fired when the manager loses the kernel. The flag itself is not part of anywidget's model.
    const onLive = () =>
      setTimeout(() => {
        this.connected.value = false;
      });
    this.model.on("comm_live_update", onLive);
    this.cleanups.push(() => this.model.off("comm_live_update", onLive));
  }

  /** After a page reload the message is gone, but the status still tells. */
  private announceFatalStatus(): void {
    const { stage, error } = this.status.peek();
    if (stage === "error" && error && !this.banners.peek().some((banner) => banner.fatal)) {
      this.addBanner({ tone: "error", message: error, hint: "", fatal: true });
    }
    if (stage !== "error" && stage !== "closed") {
      const left = this.banners.peek().filter((banner) => !banner.fatal);
      if (left.length !== this.banners.peek().length) this.banners.value = left;
    }
  }

  // ------------------------------------------------------------------ from the kernel

  private receive(content: unknown, buffers: DataView[]): void {
    const message = parseKernelMessage(content);
    if ("problem" in message) {
      console.warn(`[atlas_widget] ignored a message: ${message.problem}`);
      return;
    }
    this.connected.value = true;
    const bytes = Array.from(buffers ?? [], toBytes);
    switch (message.kind) {
      case "layout":
        this.receiveLayout(message);
        break;
      case "sheet":
        this.receiveSheet(message, bytes[0]);
        break;
      case "labels":
        this.receiveLabels(message);
        break;
      case "card":
        this.receiveCard(message, bytes[0]);
        break;
      case "frame":
        this.receiveFrame(message, bytes[0]);
        break;
      case "exported": {
        const { path, provenance } = message;
        this.addBanner({ tone: "exported", message: path, hint: provenance, fatal: false });
        break;
      }
      case "error":
        this.addBanner({ ...message, tone: "error" });
        break;
      case "notice":
        this.addBanner({ tone: "notice", message: message.message, hint: "", fatal: false });
        break;
      default:
        message satisfies never;
    }
  }

  private receiveLayout(message: Extract<KernelMessage, { kind: "layout" }>): void {
    const before = this.layout.peek();
    if (before && message.revision < before.revision) return;
    const same = before?.revision === message.revision;
    const grids = message.grids.map((cells) => new Grid(cells)).sort((a, b) => a.size - b.size);
    if (!same) {
      this.pictures.clear();
      this.labels.clear();
      this.cards.clear();
    }
    this.layout.value = {
      revision: message.revision,
      final: message.final,
      grids,
      samples: message.samples,
      images: message.images,
      layer: message.layer,
    };
    this.pictureVersion.value++;
    this.labelVersion.value++;
    this.cardVersion.value++;
    this.emit({ kind: "layout" });
    for (const { message: sheet, bytes } of this.early.splice(0)) {
      if (sheet.revision === message.revision) this.takeSheet(sheet, bytes);
      else if (sheet.revision > message.revision) this.early.push({ message: sheet, bytes });
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
      this.takeSheet(message, bytes).finally(acknowledge);
    }
  }

  private takeSheet(message: KernelMessageOf<"sheet">, bytes: Uint8Array): Promise<void> {
    return this.pictures
      .receive(message, bytes)
      .catch(() => console.warn(`[atlas_widget] sheet ${message.sheet} could not be decoded`));
  }

  private receiveLabels(message: KernelMessageOf<"labels">): void {
    if (message.revision !== this.revision) return;
    const labels = this.labels.get(message.grid) ?? new Map<number, string | null>();
    this.labels.set(message.grid, labels);
    message.cells.forEach((cell, at) => {
      labels.set(cell, message.labels[at] ?? null);
    });
    this.labelVersion.value++;
  }

  private receiveCard(message: KernelMessageOf<"card">, bytes: Uint8Array | undefined): void {
    if (message.revision !== this.revision) return;
    const key = `${message.grid}:${message.cell}`;
    const card: Card = { ...message, strip: this.cards.get(key)?.strip ?? null };
    this.cards.set(key, card);
    this.cardVersion.value++;
    if (!bytes || bytes.length === 0 || message.crops === 0) return;
    decodeToCanvas(bytes)
      .then((strip) => {
        const now = this.cards.get(key);
        if (!now || message.revision !== this.revision) return;
        this.cards.set(key, { ...now, strip });
        this.cardVersion.value++;
      })
      .catch(() => {});
  }

  private receiveFrame(message: KernelMessageOf<"frame">, bytes: Uint8Array | undefined): void {
    const inspection = this.inspections.get(message.request);
    if (!inspection || message.step < inspection.peek().step) return;
    const { step, steps, cosine, done } = message;
    const trace = inspection.peek().trace;
    inspection.value = {
      ...inspection.peek(),
      step,
      steps,
      cosine,
      done,
      trace: cosine === null ? trace : [...trace, [step, cosine]],
    };
    if (!bytes) return;
    decodeToCanvas(bytes)
      .then((picture) => {
        const now = inspection.peek();
        // Decoding finishes out of order: a frame never replaces a later one.
        if (step < (this.shownStep.get(message.request) ?? -1)) return;
        this.shownStep.set(message.request, step);
        inspection.value = { ...now, picture };
      })
      .catch(() => {});
  }

  private readonly shownStep = new Map<number, number>();

  private addBanner(banner: Omit<Banner, "id">): void {
    const others = this.banners
      .peek()
      .filter((old) => old.message !== banner.message && !(banner.fatal && old.fatal))
      .filter((old) => !(banner.tone === "exported" && old.tone === "exported"));
    const { tone, message, hint, fatal } = banner;
    const id = this.bannerCount++;
    this.banners.value = [...others, { id, tone, message, hint, fatal }].slice(-MAX_BANNERS);
  }

  private picturesChanged(grid: number, cells: number[]): void {
    this.emit({ kind: "pictures", grid, cells });
    // Panels need not follow every sheet of a burst.
    if (this.pictureNotice) return;
    this.pictureNotice = window.setTimeout(() => {
      this.pictureNotice = 0;
      this.pictureVersion.value++;
    }, 80);
  }

  private emit(change: Change): void {
    for (const listener of this.listeners) listener(change);
  }
}

/** Bytes of our own: the view on a message's buffer does not outlive the message everywhere. */
function toBytes(buffer: DataView | ArrayBuffer): Uint8Array {
  if (buffer instanceof ArrayBuffer) return new Uint8Array(buffer.slice(0));
  return new Uint8Array(
    buffer.buffer.slice(buffer.byteOffset, buffer.byteOffset + buffer.byteLength) as ArrayBuffer,
  );
}

/** Not crypto.randomUUID, which plain-http hubs do not have. */
function randomId(): string {
  return Math.random().toString(36).slice(2, 12);
}
