import { signal } from "@preact/signals";
import type { PatchClasses, PatchPlace } from "./patch";
import type { Running } from "./running";

/** A question to the model about a patch on an image. */
export interface PatchAsk extends PatchPlace {
  image: number;
  grid: number;
  cell: number;
  /** −1 for the cell's picture, else one of its real crops. */
  crop: number;
  /** True if the best of the four corners is looked for, and for which class (−1: none). */
  corners: boolean;
  class: number;
}

/** After this time (ms) an answer is taken for lost. */
const TIMEOUT = 6000;

/**
 * The model's answers while a patch is dragged. One question is on its way at a time; of those that
 * come up meanwhile the latest is asked next, the others never.
 */
export class LivePatch {
  readonly shown = signal<PatchClasses | null>(null);
  readonly failed = signal("");
  private flying: { running: Running<PatchClasses>; since: number } | null = null;
  private next: PatchAsk | null = null;

  /** `cornered` hears where the best corner was found. */
  constructor(
    private readonly ask: (ask: PatchAsk) => Running<PatchClasses>,
    private readonly cornered: (x: number, y: number) => void,
  ) {}

  want(ask: PatchAsk): void {
    this.next = ask;
    if (this.flying && Date.now() - this.flying.since > TIMEOUT) this.flying = null;
    this.launch();
  }

  /** Nobody looks any more. */
  dispose(): void {
    this.next = null;
    if (this.flying) this.flying.running.onEnd = null;
    this.flying = null;
  }

  private launch(): void {
    const { next } = this;
    if (this.flying || !next) return;
    this.next = null;
    const running = this.ask(next);
    const flight = { running, since: Date.now() };
    this.flying = flight;
    running.onEnd = () => {
      const state = running.state.peek();
      if (state.stage === "done") {
        this.shown.value = state.result;
        this.failed.value = "";
        if (next.corners) this.cornered(state.result.x, state.result.y);
      } else if (state.stage === "failed") {
        this.failed.value = state.message;
      }
      if (this.flying !== flight) return;
      this.flying = null;
      this.launch();
    };
  }
}
