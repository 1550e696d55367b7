import { type Signal, signal } from "@preact/signals";
import { type Canvas, decodeToCanvas } from "./decode";
import type { KernelMessageOf } from "./messages";

/** A large picture of one cell while it is being optimised. */
export interface Inspection {
  request: number;
  step: number;
  steps: number;
  cosine: number | null;
  done: boolean;
  picture: Canvas | null;
  /** [step, cosine] of every frame so far. */
  trace: [number, number][];
}

interface Running {
  state: Signal<Inspection>;
  shown: number;
}

/** The live pictures that are open in any view, by request. */
export class Inspections {
  private readonly running = new Map<number, Running>();
  // A random start: after a page reload, frames of an old request are not taken for new ones.
  private next = 1 + Math.floor(Math.random() * 1e6);

  open(): Signal<Inspection> {
    const request = this.next++;
    const state = signal<Inspection>({
      request,
      step: 0,
      steps: 0,
      cosine: null,
      done: false,
      picture: null,
      trace: [],
    });
    this.running.set(request, { state, shown: -1 });
    return state;
  }

  close(request: number): void {
    this.running.delete(request);
  }

  receive(message: KernelMessageOf<"frame">, bytes: Uint8Array | undefined): void {
    const running = this.running.get(message.request);
    if (!running || message.step < running.state.peek().step) return;
    const { step, steps, cosine, done } = message;
    const before = running.state.peek();
    const trace: [number, number][] =
      cosine === null ? before.trace : [...before.trace, [step, cosine]];
    running.state.value = { ...before, step, steps, cosine, done, trace };
    if (!bytes?.length) return;
    decodeToCanvas(bytes)
      .then((picture) => {
        // Decoding finishes out of order: a frame never replaces a later one.
        if (step < running.shown) return;
        running.shown = step;
        running.state.value = { ...running.state.peek(), picture };
      })
      .catch(() => {});
  }
}
