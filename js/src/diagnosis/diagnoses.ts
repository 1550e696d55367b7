import { signal } from "@preact/signals";
import { keyOf, type Place } from "../geometry/place";
import type { BrowserMessage, ClassValue, KernelMessageOf } from "../protocol/messages";
import type { Handlers, Part } from "../protocol/parts";
import type { PictureKey } from "../protocol/picture_key";
import { type Canvas, decodeToCanvas } from "../util/decode";

/** The diagnostics of every cell of a grid. */
export interface GridDiagnoses {
  /** By cell; a cell that is too small for one of them is not in it. */
  agreement: ReadonlyMap<number, number>;
  emptiness: ReadonlyMap<number, number>;
  kept: ReadonlyMap<number, number>;
  mixtures: ReadonlySet<number>;
}

export type Diagnosis = KernelMessageOf<"diagnosis">;

export interface Half {
  count: number;
  images: number;
  resultant: number | null;
  /** The place of its crops in the strip. */
  crops: { from: number; count: number };
  label: string | null;
  /** The reason why there is no label. */
  whyNot: string;
  lead: number | null;
  /** Null until they are known. */
  classes: ClassValue[] | null;
}

/** A cell in two, the larger half first. */
export interface Halves {
  halves: readonly Half[];
  cosine: number | null;
  apart: number | null;
  chance: number | null;
  clear: boolean;
  tile: number;
  strip: Canvas | null;
}

export type DiagnosisMessage = KernelMessageOf<
  "diagnoses" | "diagnosis" | "halves" | "half_classes"
>;

/** The time after which a missing answer is requested again (ms): whole grids take a while. */
export const ASK_AGAIN = 4000;

/** The diagnostics of the samples behind the cells' means. */
export class Diagnoses implements Part {
  readonly handles: Handlers = {
    diagnoses: (message, bytes) => this.receive(message, bytes),
    diagnosis: (message, bytes) => this.receive(message, bytes),
    halves: (message, bytes) => this.receive(message, bytes),
    half_classes: (message, bytes) => this.receive(message, bytes),
  };
  /** Counts up with every change. */
  readonly version = signal(0);
  private readonly grids = new Map<number, GridDiagnoses>();
  private readonly cells = new Map<PictureKey, Diagnosis>();
  private readonly splits = new Map<PictureKey, Halves>();
  private readonly askedAt = new Map<string, number>();
  private epoch = 0;

  constructor(private readonly send: (message: BrowserMessage) => void) {}

  ofGrid(grid: number): GridDiagnoses | null {
    return this.grids.get(grid) ?? null;
  }

  of(place: Place): Diagnosis | null {
    return this.cells.get(keyOf(place)) ?? null;
  }

  halves(place: Place): Halves | null {
    return this.splits.get(keyOf(place)) ?? null;
  }

  wantGrid(grid: number): void {
    if (!this.grids.has(grid)) this.ask(`grid ${grid}`, { kind: "diagnoses", grid });
  }

  want(place: Place): void {
    if (!this.of(place)) this.ask(`cell ${keyOf(place)}`, { kind: "diagnosis", ...place });
  }

  wantHalves(place: Place): void {
    const known = this.halves(place);
    // Their classes come one after the other, and are lost with a connection.
    if (known?.halves.every(({ classes }) => classes !== null)) return;
    this.ask(`halves ${keyOf(place)}`, { kind: "split", ...place });
  }

  clear(): void {
    this.epoch++;
    for (const known of [this.grids, this.cells, this.splits, this.askedAt]) known.clear();
    this.version.value++;
  }

  receive(message: DiagnosisMessage, bytes: Uint8Array | undefined): void {
    switch (message.kind) {
      case "diagnoses":
        this.grids.set(message.grid, {
          agreement: valuesOf(message.cells, message.agreement),
          emptiness: valuesOf(message.cells, message.emptiness),
          kept: valuesOf(message.cells, message.kept),
          mixtures: new Set(message.mixtures),
        });
        break;
      case "diagnosis":
        this.cells.set(keyOf(message), message);
        break;
      case "halves":
        this.receiveHalves(message, bytes);
        break;
      default: {
        const { half, label, classes, why_not: whyNot, lead } = message;
        const known = this.splits.get(keyOf(message));
        if (!known?.halves[half]) return;
        const halves = known.halves.map((it, at) =>
          at === half ? { ...it, label, whyNot, lead, classes } : it,
        );
        this.splits.set(keyOf(message), { ...known, halves });
      }
    }
    this.version.value++;
  }

  private receiveHalves(message: KernelMessageOf<"halves">, bytes: Uint8Array | undefined): void {
    const { cosine, apart, chance, clear, tile, crops } = message;
    const key = keyOf(message);
    const before = this.splits.get(key);
    const halves = message.counts.map((count, at) => ({
      count,
      images: message.images[at] ?? 0,
      resultant: message.resultants[at] ?? null,
      crops: { from: at === 0 ? 0 : (crops[0] ?? 0), count: crops[at] ?? 0 },
      label: before?.halves[at]?.label ?? null,
      whyNot: before?.halves[at]?.whyNot ?? "",
      lead: before?.halves[at]?.lead ?? null,
      classes: before?.halves[at]?.classes ?? null,
    }));
    const strip = before?.strip ?? null;
    this.splits.set(key, { halves, cosine, apart, chance, clear, tile, strip });
    if (!bytes?.length) return;
    const { epoch } = this;
    decodeToCanvas(bytes)
      .then((strip) => {
        const known = this.splits.get(key);
        if (!known || epoch !== this.epoch) return;
        this.splits.set(key, { ...known, strip });
        this.version.value++;
      })
      .catch(() => {});
  }

  private ask(what: string, message: BrowserMessage): void {
    const asked = this.askedAt.get(what) ?? Number.NEGATIVE_INFINITY;
    if (Date.now() - asked < ASK_AGAIN) return;
    this.askedAt.set(what, Date.now());
    this.send(message);
  }
}

function valuesOf(cells: number[], values: (number | null)[]): Map<number, number> {
  const known = new Map<number, number>();
  cells.forEach((cell, at) => {
    const value = values[at];
    if (typeof value === "number") known.set(cell, value);
  });
  return known;
}
