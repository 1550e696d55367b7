import { type ReadonlySignal, signal } from "@preact/signals";
import type { BrowserMessage, KernelMessageOf } from "../protocol/messages";
import type { Handlers, Part } from "../protocol/parts";
import type { UNIT_WORKS } from "../protocol/shared";
import { type Canvas, decodeToCanvas } from "../util/decode";
import {
  type ClassEvidence,
  type ExactExamples,
  readClasses,
  readExamples,
  readTuning,
  readTwin,
  readWiring,
  type Scrambled,
  type UnitTuning,
  type UnitTwin,
  type Wiring,
} from "./blocks";
import { readPage, type UnitPage } from "./page";
import { readTurned, type TurnedExamples } from "./turned";

/** The name of a long computation. */
export type Work = (typeof UNIT_WORKS)[number];

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

/** The unit whose page is open: everything on it, as it comes. */
export class OpenUnit implements Part {
  readonly handles: Handlers = {
    unit: (message, bytes) => this.receivePage(message, bytes),
    unit_picture: (message) => this.receiveMeasure(message),
    unit_before: ({ layer, reason }) => {
      this.before.value = { layer, reason };
    },
    unit_frame: (message, bytes) => this.receiveFrame(message, bytes),
    unit_work: (message) => this.receiveWork(message),
    unit_examples: (message, bytes) =>
      this.receive(message.unit, bytes, (sheet) => {
        this.examples.value = readExamples(message, sheet);
      }),
    unit_tuning: (message, bytes) =>
      this.receive(message.unit, bytes, (stimuli) => {
        this.tuning.value = readTuning(message, stimuli);
      }),
    unit_scrambled: (message) =>
      this.receive(message.unit, undefined, () => {
        this.scrambled.value = message;
      }),
    unit_turned: (message, bytes) =>
      this.receive(message.unit, bytes, (sheet) => {
        this.turned.value = readTurned(message, sheet);
      }),
    unit_wiring: (message, bytes) =>
      this.receive(message.unit, bytes, (pictures) => {
        this.wiring.value = readWiring(message, pictures);
      }),
    unit_classes: (message, bytes) =>
      this.receive(message.unit, bytes, () => {
        this.classes.value = readClasses(message);
      }),
    unit_twin: (message, bytes) =>
      this.receive(message.unit, bytes, (sheet) => {
        this.twin.value = readTwin(message, sheet);
      }),
  };
  readonly page = signal<UnitPage | null>(null);
  /** Of the open unit's pictures, as they are finished. */
  readonly measures = signal<ReadonlyMap<string, Measure>>(new Map());
  /** The layer whose output the layer rectifies, once it is known; empty if there is none. */
  readonly before = signal<{ layer: string; reason: string } | null>(null);
  /** The open unit's large picture, and several that differ, as far as they have come. */
  readonly frames = signal<ReadonlyMap<string, UnitFrame>>(new Map());
  /** The open unit's exact examples, and its tuning, once they are known. */
  readonly examples = signal<ExactExamples | null>(null);
  readonly tuning = signal<UnitTuning | null>(null);
  readonly scrambled = signal<Scrambled | null>(null);
  readonly turned = signal<TurnedExamples | null>(null);
  readonly wiring = signal<Wiring | null>(null);
  readonly classes = signal<ClassEvidence[] | null>(null);
  readonly twin = signal<UnitTwin | null>(null);
  /** Long computations about all units, as far as they are. */
  readonly work = signal<ReadonlyMap<string, UnitWork>>(new Map());
  private epoch = 0;

  constructor(
    private readonly send: (message: BrowserMessage) => void,
    private readonly connected: ReadonlySignal<boolean>,
  ) {}

  /** Opens a unit's page, or closes it. */
  turnTo(unit: number | null): void {
    if (unit !== null && this.page.peek()?.unit === unit) return;
    this.empty();
    if (unit === null) this.page.value = null;
    if (this.connected.peek()) this.send({ kind: "unit", unit: unit ?? -1 });
  }

  /** Several pictures of the open unit that differ are wanted. */
  diversify(unit: number): void {
    this.send({ kind: "diverse_units", unit });
  }

  /** A long computation is wanted. */
  begin(work: Work): void {
    this.send({ kind: "start_unit_work", work });
    this.setWork({ work, done: 0, total: 0, failed: "" });
  }

  /** It is no longer wanted. */
  stop(work: Work): void {
    if (this.connected.peek()) this.send({ kind: "stop_unit_work", work });
    this.endWork(work);
  }

  clear(): void {
    this.empty();
    this.page.value = null;
    this.before.value = null;
    this.work.value = new Map();
  }

  /** Forgets all that belongs to one unit. */
  private empty(): void {
    this.epoch++;
    this.measures.value = new Map();
    this.frames.value = new Map();
    this.examples.value = null;
    this.tuning.value = null;
    this.scrambled.value = null;
    this.turned.value = null;
    this.wiring.value = null;
    this.classes.value = null;
    this.twin.value = null;
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
    if (total === 0 && failed === "") this.endWork(work);
    else this.setWork({ work, done, total, failed });
  }

  private endWork(work: string): void {
    const rest = new Map(this.work.peek());
    rest.delete(work);
    this.work.value = rest;
  }

  private setWork(state: UnitWork): void {
    this.work.value = new Map(this.work.peek()).set(state.work, state);
  }

  /** Calls back with a picture of the open unit; with none if it cannot be decoded. */
  private receive(
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
}
