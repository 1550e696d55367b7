import { type Signal, signal } from "@preact/signals";
import type { Place } from "../geometry/place";
import type { BrowserMessage, KernelMessageOf } from "../protocol/messages";
import { type Canvas, decodeToCanvas } from "../util/decode";

/** Large pictures while they are being optimised. */
export interface Inspection {
  step: number;
  steps: number;
  /** Mean over the pictures; null before the first frame. */
  cosine: number | null;
  /** The cosine of each picture in the row. */
  cosines: (number | null)[];
  /** What they are made with. */
  made: string;
  done: boolean;
  paused: boolean;
  /** The reason of a failure; empty without one. */
  failed: string;
  /** Square pictures in one row. */
  pictures: Canvas | null;
  /** [step, cosine] of every frame so far. */
  trace: [number, number][];
}

const NOTHING: Inspection = {
  step: 0,
  steps: 0,
  cosine: null,
  cosines: [],
  made: "",
  done: false,
  paused: false,
  failed: "",
  pictures: null,
  trace: [],
};

type Send = (message: BrowserMessage) => void;

/** The live pictures of one request, as far as they have come, and what can be done with them. */
export class LivePictures {
  readonly state: Signal<Inspection> = signal(NOTHING);
  private shown = -1;

  constructor(
    readonly request: number,
    private readonly send: Send,
    private readonly forget: () => void,
  ) {}

  pause(paused: boolean): void {
    this.state.value = { ...this.state.peek(), paused };
    this.send({ kind: "pause_inspect", request: this.request, paused });
  }

  more(steps: number): void {
    const now = this.state.peek();
    this.state.value = { ...now, steps: now.steps + steps, done: false, paused: false };
    this.send({ kind: "more_steps", request: this.request, steps });
  }

  stop(): void {
    this.forget();
    this.send({ kind: "stop_inspect", request: this.request });
  }

  fail(message: string): void {
    this.state.value = { ...this.state.peek(), failed: message, done: true };
  }

  receive(message: KernelMessageOf<"frame">, bytes: Uint8Array | undefined): void {
    const before = this.state.peek();
    if (message.step < before.step) return;
    const { step, cosine, cosines, made } = message;
    const trace: [number, number][] =
      cosine === null ? before.trace : [...before.trace, [step, cosine]];
    // More steps may have been asked for while this frame was on its way.
    const steps = before.done ? message.steps : Math.max(message.steps, before.steps);
    const done = message.done && message.steps >= steps;
    this.state.value = { ...before, step, steps, cosine, cosines, made, done, trace };
    if (!bytes?.length) return;
    decodeToCanvas(bytes)
      .then((pictures) => {
        // Decoding finishes out of order: a frame never replaces a later one.
        if (step < this.shown) return;
        this.shown = step;
        this.state.value = { ...this.state.peek(), pictures };
      })
      .catch(() => {});
  }
}

/** The live pictures that are open in any view, by request. */
export class Inspections {
  private readonly running = new Map<number, LivePictures>();
  // A random start: after a page reload, frames of an old request are not taken for new ones.
  private next = 1 + Math.floor(Math.random() * 1e6);

  constructor(private readonly send: Send) {}

  /** The number of open ones. */
  get count(): number {
    return this.running.size;
  }

  /** The large picture of a cell. */
  open({ grid, cell }: Place, seed: number): LivePictures {
    return this.begin((request) => ({ kind: "inspect", grid, cell, request, seed }));
  }

  /** Several pictures of a cell that differ from each other. */
  variants({ grid, cell }: Place, seed: number, count: number): LivePictures {
    return this.begin((request) => ({
      kind: "inspect_variants",
      grid,
      cell,
      request,
      seed,
      count,
    }));
  }

  /** The large picture of one half of a cell. */
  half({ grid, cell }: Place, half: number, seed: number): LivePictures {
    return this.begin((request) => ({ kind: "inspect_half", grid, cell, half, request, seed }));
  }

  /** The picture of (1 − share) times the first cell's direction plus share times the other's. */
  mix(first: Place, other: Place, share: number, seed: number): LivePictures {
    return this.begin((request) => ({
      kind: "inspect_mix",
      grid: first.grid,
      cell: first.cell,
      other_grid: other.grid,
      other_cell: other.cell,
      share,
      request,
      seed,
    }));
  }

  receive(
    message: KernelMessageOf<"frame"> | KernelMessageOf<"inspect_failed">,
    bytes: Uint8Array | undefined,
  ): void {
    const live = this.running.get(message.request);
    if (message.kind === "frame") live?.receive(message, bytes);
    else live?.fail(message.message);
  }

  private begin(message: (request: number) => BrowserMessage): LivePictures {
    const request = this.next++;
    const live = new LivePictures(request, this.send, () => this.running.delete(request));
    this.running.set(request, live);
    this.send(message(request));
    return live;
  }
}
