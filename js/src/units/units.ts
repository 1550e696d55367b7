import { type ReadonlySignal, signal } from "@preact/signals";
import type { BrowserMessage, KernelMessageOf } from "../protocol/messages";
import type { Handlers, Part } from "../protocol/parts";
import type { PictureGroup, PictureKey } from "../protocol/picture_key";
import { MAX_CELLS, type UNIT_PICTURES } from "../protocol/shared";
import { type Canvas, decodeToCanvas } from "../util/decode";
import { floatsOf } from "../util/floats";
import { type ExactExamples, readExamples, readTuning, type UnitTuning } from "./blocks";
import { type Overview, readOverview } from "./overview";

/** The name of the view that shows them. */
export const UNITS_VIEW = "units";

export type UnitPicture = (typeof UNIT_PICTURES)[number];

export const unitGroup = (picture: UnitPicture): PictureGroup => `unit:${picture}` as PictureGroup;

export const unitKey = (unit: number, picture: UnitPicture = "neuron"): PictureKey =>
  `unit:${picture}:${unit}` as PictureKey;

/** A column of the quilt: examples whose activation lies between two values. */
export interface QuiltColumn {
  low: number;
  high: number;
  count: number;
  /** The number of its first tile in the page's sheet, and of tiles. */
  first: number;
  tiles: number;
}

/** What is on a unit's page. */
export interface UnitPage {
  unit: number;
  /** The unit has the same activation everywhere. */
  dead: boolean;
  low: number;
  high: number;
  bins: number[];
  examples: { activation: number; name: string }[];
  quilt: QuiltColumn[];
  grid: number;
  cells: { cell: number; mean: number }[];
  relatives: { unit: number; correlation: number }[];
  sheet: Canvas | null;
  tile: number;
  columns: number;
}

/** What a finished picture does to its unit. */
export type Measure = Omit<KernelMessageOf<"unit_picture">, "kind" | "revision">;

/** Large pictures of the open unit, square ones in a row. */
export interface UnitFrame {
  step: number;
  steps: number;
  activations: (number | null)[];
  made: string;
  pictures: Canvas;
}

/** A long computation about all units of the layer. */
export interface UnitWork {
  work: string;
  done: number;
  total: number;
  failed: string;
}

/** The values of how many grids and units are kept. */
const MAX_VALUES = 16;
/** An answer that stays away this long (ms) is asked for again. */
const RETRY_AFTER = 6000;

/** The units of the layer: their statistics, the page that is open, and their means over the map. */
export class Units implements Part {
  readonly handles: Handlers = {
    units: (message, bytes) => this.receiveOverview(message, bytes),
    unit: (message, bytes) => this.receivePage(message, bytes),
    unit_picture: (message) => this.receiveMeasure(message),
    unit_frame: (message, bytes) => this.receiveFrame(message, bytes),
    unit_work: (message) => this.receiveWork(message),
    unit_examples: (message, bytes) => this.receiveExamples(message, bytes),
    unit_tuning: (message, bytes) => this.receiveTuning(message, bytes),
    unit_values: (message, bytes) => this.receiveValues(message, bytes),
  };
  readonly overview = signal<Overview | null>(null);
  readonly page = signal<UnitPage | null>(null);
  /** Of the open unit's pictures, as they are finished. */
  readonly measures = signal<ReadonlyMap<string, Measure>>(new Map());
  /** The open unit's large picture, and several that differ, as far as they have come. */
  readonly frames = signal<ReadonlyMap<string, UnitFrame>>(new Map());
  /** The open unit's exact examples, and its tuning, once they are known. */
  readonly examples = signal<ExactExamples | null>(null);
  readonly tuning = signal<UnitTuning | null>(null);
  /** Long computations about all units, as far as they are. */
  readonly work = signal<ReadonlyMap<string, UnitWork>>(new Map());
  /** Counts up when values of cells came. */
  readonly valuesVersion = signal(0);
  private readonly values = new Map<string, Float32Array>();
  private readonly asked = new Map<string, number>();
  private epoch = 0;

  constructor(
    private readonly send: (message: BrowserMessage) => void,
    private readonly connected: ReadonlySignal<boolean>,
  ) {}

  /** Asks for the list of units, unless it is here. */
  want(): void {
    if (this.overview.peek() === null && this.mayAsk("units")) this.send({ kind: "units" });
  }

  /** The units in sight, and those next to them: their pictures are made now. */
  look(units: number[], near: number[]): void {
    if (!this.connected.peek()) return;
    this.send({
      kind: "units_in_sight",
      units: units.slice(0, MAX_CELLS),
      near: near.slice(0, MAX_CELLS),
    });
  }

  /** Opens a unit's page, or closes it. */
  turnTo(unit: number | null): void {
    if (unit !== null && this.page.peek()?.unit === unit) return;
    this.epoch++;
    this.measures.value = new Map();
    this.frames.value = new Map();
    this.examples.value = null;
    this.tuning.value = null;
    if (unit === null) this.page.value = null;
    if (this.connected.peek()) this.send({ kind: "unit", unit: unit ?? -1 });
  }

  /** Several pictures of the open unit that differ are wanted. */
  diversify(unit: number): void {
    this.send({ kind: "diverse_units", unit });
  }

  /** The exact examples of all units are wanted, or their tuning. */
  begin(work: "scan" | "tuning"): void {
    this.send({ kind: work === "scan" ? "scan_units" : "tune_units" });
    this.setWork({ work, done: 0, total: 0, failed: "" });
  }

  /** The mean activation of a unit in each cell of a grid, in the grid's order; null: it is asked for. */
  valuesOf(unit: number, grid: number): Float32Array | null {
    const key = `${grid}:${unit}`;
    const known = this.values.get(key) ?? null;
    if (known === null && this.mayAsk(key)) this.send({ kind: "unit_values", grid, unit });
    return known;
  }

  clear(): void {
    this.epoch++;
    this.overview.value = null;
    this.page.value = null;
    this.measures.value = new Map();
    this.frames.value = new Map();
    this.examples.value = null;
    this.tuning.value = null;
    this.work.value = new Map();
    this.values.clear();
    this.asked.clear();
    this.valuesVersion.value++;
  }

  private mayAsk(what: string): boolean {
    const now = performance.now();
    const last = this.asked.get(what);
    if (!this.connected.peek() || (last !== undefined && now - last < RETRY_AFTER)) return false;
    this.asked.set(what, now);
    return true;
  }

  private receiveOverview(message: KernelMessageOf<"units">, bytes?: Uint8Array): void {
    this.overview.value = readOverview(message, bytes);
  }

  private receivePage(message: KernelMessageOf<"unit">, bytes?: Uint8Array): void {
    const epoch = ++this.epoch;
    const page = readPage(message);
    this.page.value = page;
    if (!bytes?.length) return;
    decodeToCanvas(bytes)
      .then((sheet) => {
        if (epoch === this.epoch) this.page.value = { ...page, sheet };
      })
      .catch(() => console.warn("[atlas_widget] the examples of a unit could not be decoded"));
  }

  private receiveMeasure({ kind, revision, ...measure }: KernelMessageOf<"unit_picture">): void {
    if (this.page.peek()?.unit !== measure.unit) return;
    this.measures.value = new Map(this.measures.peek()).set(measure.picture, measure);
  }

  private receiveFrame(message: KernelMessageOf<"unit_frame">, bytes?: Uint8Array): void {
    const { unit, picture, step, steps, activations, made } = message;
    if (!bytes?.length) return;
    decodeToCanvas(bytes)
      .then((pictures) => {
        const known = this.frames.peek().get(picture);
        // Decoding may finish out of order, and another page may be open by now.
        if (this.page.peek()?.unit !== unit || (known?.step ?? 0) > step) return;
        const frame = { step, steps, activations, made, pictures };
        this.frames.value = new Map(this.frames.peek()).set(picture, frame);
      })
      .catch(() => console.warn("[atlas_widget] a picture of a unit could not be decoded"));
  }

  private receiveWork({ work, done, total, failed }: KernelMessageOf<"unit_work">): void {
    this.setWork({ work, done, total, failed });
  }

  private setWork(state: UnitWork): void {
    this.work.value = new Map(this.work.peek()).set(state.work, state);
  }

  private receiveExamples(message: KernelMessageOf<"unit_examples">, bytes?: Uint8Array): void {
    this.decode(message.unit, bytes, (sheet) => {
      this.examples.value = readExamples(message, sheet);
    });
  }

  private receiveTuning(message: KernelMessageOf<"unit_tuning">, bytes?: Uint8Array): void {
    this.decode(message.unit, bytes, (stimuli) => {
      this.tuning.value = readTuning(message, stimuli);
    });
  }

  /** Calls back with a picture of the open unit; with none if it cannot be decoded. */
  private decode(
    unit: number,
    bytes: Uint8Array | undefined,
    then: (picture: Canvas | null) => void,
  ): void {
    const { epoch } = this;
    const call = (picture: Canvas | null) => {
      if (epoch === this.epoch && this.page.peek()?.unit === unit) then(picture);
    };
    call(null);
    if (bytes?.length) decodeToCanvas(bytes).then(call, () => {});
  }

  private receiveValues(message: KernelMessageOf<"unit_values">, bytes?: Uint8Array): void {
    const values = floatsOf(bytes);
    if (values.length !== message.count) return;
    const key = `${message.grid}:${message.unit}`;
    this.values.delete(key);
    this.values.set(key, values); // the last one that came goes last
    for (const oldest of this.values.keys()) {
      if (this.values.size <= MAX_VALUES) break;
      this.values.delete(oldest);
    }
    this.valuesVersion.value++;
  }
}

function readPage(message: KernelMessageOf<"unit">): UnitPage {
  const { unit, dead, low, high, grid, tile, columns } = message;
  let first = message.examples.length;
  const quilt = message.quilt_tiles.map((count, at) => {
    const tiles = count ?? 0;
    const column = {
      low: message.quilt_low[at] ?? 0,
      high: message.quilt_high[at] ?? 0,
      count: message.quilt_counts[at] ?? 0,
      first,
      tiles,
    };
    first += tiles;
    return column;
  });
  return {
    unit,
    dead,
    low,
    high,
    bins: message.bins.map((count) => count ?? 0),
    examples: message.examples.map((activation, at) => ({
      activation: activation ?? 0,
      name: message.names[at] ?? "",
    })),
    quilt,
    grid,
    cells: message.cells.map((cell, at) => ({ cell, mean: message.means[at] ?? 0 })),
    relatives: message.relatives.map((other, at) => ({
      unit: other,
      correlation: message.correlations[at] ?? 0,
    })),
    sheet: null,
    tile,
    columns,
  };
}
