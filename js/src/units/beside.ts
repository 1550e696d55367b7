import { type ReadonlySignal, signal } from "@preact/signals";
import type { BrowserMessage, KernelMessageOf } from "../protocol/messages";
import type { Handlers, Part } from "../protocol/parts";
import { MAX_CELLS } from "../protocol/shared";
import { type Canvas, decodeToCanvas } from "../util/decode";

/** A unit of the layer and its best match in another network. */
export interface Match {
  unit: number;
  /** The unit of the other network; null for a dead unit. */
  other: number | null;
  r: number | null;
  /** What permuted images reach. */
  floor: number | null;
  /** Each is the other’s best. */
  mutual: boolean;
}

/** Another network’s units beside those of the layer. */
export interface UnitsBeside {
  name: string;
  layer: string;
  /** Number of units of the other network. */
  count: number;
  images: number;
  cka: number | null;
  /** Of each unit of the layer, by number. */
  matches: Match[];
  /** Units of the layer without a match above the floor, and such units of the other network. */
  lost: number[];
  gained: number[];
}

export function readBeside(message: KernelMessageOf<"units_beside">): UnitsBeside {
  const { name, layer, count, images, cka, lost, new: gained } = message;
  const matches = message.match.map((other, unit) => ({
    unit,
    other: other === null || other < 0 || other >= count ? null : other,
    r: message.r[unit] ?? null,
    floor: message.floor[unit] ?? null,
    mutual: message.mutual[unit] === 1,
  }));
  return { name, layer, count, images, cka, matches, lost, gained };
}

/** The matches above the floor, the most alike first. */
export function linked({ matches, lost }: UnitsBeside): Match[] {
  const without = new Set(lost);
  return matches
    .filter(({ unit, other }) => other !== null && !without.has(unit))
    .sort((a, b) => (b.r ?? 0) - (a.r ?? 0) || a.unit - b.unit);
}

/** The comparison of the layer’s units with another network’s, as Python asked for it. */
export class Beside implements Part {
  readonly handles: Handlers = {
    units_beside: (message) => {
      this.pictures.value = new Map();
      this.compared.value = readBeside(message);
    },
    unit_beside_picture: (message, bytes) => this.receivePicture(message.unit, bytes),
  };
  readonly compared = signal<UnitsBeside | null>(null);
  /** Pictures of the other network’s units, as they come. */
  readonly pictures = signal<ReadonlyMap<number, Canvas>>(new Map());

  constructor(
    private readonly send: (message: BrowserMessage) => void,
    private readonly connected: ReadonlySignal<boolean>,
  ) {}

  /** These units of the other network are in sight. */
  look(units: readonly number[]): void {
    if (!this.connected.peek() || this.compared.peek() === null) return;
    const missing = units.filter((unit) => !this.pictures.peek().has(unit));
    this.send({ kind: "units_beside_in_sight", units: missing.slice(0, MAX_CELLS) });
  }

  /** Ends the comparison. */
  drop(): void {
    if (this.connected.peek()) this.send({ kind: "drop_units_beside" });
    this.clear();
  }

  clear(): void {
    this.compared.value = null;
    this.pictures.value = new Map();
  }

  private receivePicture(unit: number, bytes?: Uint8Array): void {
    const compared = this.compared.peek();
    if (!bytes?.length || compared === null) return;
    decodeToCanvas(bytes)
      .then((picture) => {
        if (this.compared.peek() !== compared) return;
        this.pictures.value = new Map(this.pictures.peek()).set(unit, picture);
      })
      .catch(() => console.warn("[atlas_widget] a picture of a unit could not be decoded"));
  }
}
