import { type ReadonlySignal, signal } from "@preact/signals";
import type { BrowserMessage, KernelMessageOf } from "../protocol/messages";
import type { Handlers, Part } from "../protocol/parts";
import type { PictureGroup, PictureKey } from "../protocol/picture_key";
import { MAX_CELLS, type UNIT_PICTURES } from "../protocol/shared";
import { floatsOf } from "../util/floats";
import { type Overview, readOverview } from "./overview";
import { readUnitMap, type UnitMap } from "./unit_map";

/** The name of the view that shows them. */
export const UNITS_VIEW = "units";

export type UnitPicture = (typeof UNIT_PICTURES)[number];

export const unitGroup = (picture: UnitPicture): PictureGroup => `unit:${picture}` as PictureGroup;

export const unitKey = (unit: number, picture: UnitPicture = "neuron"): PictureKey =>
  `unit:${picture}:${unit}` as PictureKey;

/** The values of how many grids and units are kept. */
const MAX_VALUES = 16;
/** An answer that stays away this long (ms) is asked for again. */
const RETRY_AFTER = 6000;

/** The units of the layer: their statistics, and their means over the map. */
export class Units implements Part {
  readonly handles: Handlers = {
    units: (message, bytes) => this.receiveOverview(message, bytes),
    unit_map: (message, bytes) => {
      this.map.value = readUnitMap(message, bytes);
    },
    units_pictured: (message) => {
      const known = new Map(this.beyond.peek());
      for (const [at, unit] of message.units.entries()) known.set(unit, message.beyond[at] ?? 0);
      this.beyond.value = known;
    },
    unit_values: (message, bytes) => this.receiveValues(message, bytes),
  };
  readonly overview = signal<Overview | null>(null);
  /** The share of samples that the activation of each unit's finished picture goes beyond. */
  readonly beyond = signal<ReadonlyMap<number, number>>(new Map());
  /** The units arranged by correlation, once they are. */
  readonly map = signal<UnitMap | null>(null);
  /** Counts up when values of cells came. */
  readonly valuesVersion = signal(0);
  private readonly values = new Map<string, Float32Array>();
  private readonly asked = new Map<string, number>();

  constructor(
    private readonly send: (message: BrowserMessage) => void,
    private readonly connected: ReadonlySignal<boolean>,
  ) {}

  /** Asks for the list of units, unless it is here. */
  want(): void {
    if (this.overview.peek() === null && this.mayAsk("units")) this.send({ kind: "units" });
  }

  /** Asks for the map of units, unless it is here. */
  wantMap(): void {
    if (this.map.peek() === null && this.mayAsk("unit_map")) this.send({ kind: "unit_map" });
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

  /** The mean activation of a unit in each cell of a grid, in the grid's order; null: it is asked for. */
  valuesOf(unit: number, grid: number): Float32Array | null {
    const key = `${grid}:${unit}`;
    const known = this.values.get(key) ?? null;
    if (known === null && this.mayAsk(key)) this.send({ kind: "unit_values", grid, unit });
    return known;
  }

  clear(): void {
    this.overview.value = null;
    this.beyond.value = new Map();
    this.map.value = null;
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
