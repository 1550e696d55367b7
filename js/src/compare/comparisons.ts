import { batch, type ReadonlySignal, signal } from "@preact/signals";
import type { BrowserMessage, KernelMessageOf } from "../protocol/messages";
import type { Handlers, Part } from "../protocol/parts";
import { MAX_CELLS } from "../protocol/shared";
import { type Comparison, readComparison, readSeries, type Series, type Side } from "./comparison";

/** The name of the view that shows them. */
export const COMPARE_VIEW = "compare";

/** The comparison that is being made. */
export interface Running {
  words: string;
  done: number;
  total: number;
}

/** The comparison of the atlas with another one: how far it is, and what came of it. */
export class Comparisons implements Part {
  readonly handles: Handlers = {
    comparing: (message) => this.receiveState(message),
    comparison: (message, bytes) => {
      this.half = { message, bytes };
      this.cells.clear();
    },
    compared_cells: (message) => this.receiveCells(message),
    comparison_series: (message, bytes) => this.show(null, readSeries(message, bytes)),
  };
  readonly running = signal<Running | null>(null);
  /** The reason why nothing came of the last one; empty if something did. */
  readonly failed = signal("");
  readonly shown = signal<Comparison | null>(null);
  /** A series in place of two atlases. */
  readonly series = signal<Series | null>(null);
  /** The message that came first, until the cells of both maps are here. */
  private half: { message: KernelMessageOf<"comparison">; bytes?: Uint8Array } | null = null;
  private readonly cells = new Map<Side, KernelMessageOf<"compared_cells">>();

  constructor(
    private readonly send: (message: BrowserMessage) => void,
    private readonly connected: ReadonlySignal<boolean>,
  ) {}

  /** Compares the atlas with that of another layer. */
  compare(layer: string): void {
    if (!this.connected.peek()) return;
    this.failed.value = "";
    this.send({ kind: "compare", layer });
  }

  /** Gives up the one that is being made. */
  stop(): void {
    if (this.connected.peek()) this.send({ kind: "stop_comparing" });
    this.running.value = null;
  }

  /** Ends the one that is shown. */
  drop(): void {
    if (this.connected.peek()) this.send({ kind: "drop_comparison" });
    this.show(null, null);
  }

  /** These cells of the other map are in sight. */
  look(numbers: readonly number[]): void {
    if (!this.connected.peek() || this.shown.peek() === null) return;
    this.send({ kind: "compared_in_sight", numbers: numbers.slice(0, MAX_CELLS) });
  }

  clear(): void {
    this.show(null, null);
    this.half = null;
    this.cells.clear();
  }

  private receiveState({
    running,
    words,
    done,
    total,
    message,
  }: KernelMessageOf<"comparing">): void {
    this.running.value = running ? { words, done, total } : null;
    this.failed.value = message;
  }

  private receiveCells(message: KernelMessageOf<"compared_cells">): void {
    if (message.side !== "a" && message.side !== "b") return;
    this.cells.set(message.side, message);
    const { half } = this;
    const [a, b] = [this.cells.get("a"), this.cells.get("b")];
    if (!half || !a || !b) return;
    this.half = null;
    this.show(readComparison(half.message, half.bytes, { a, b }), null);
  }

  private show(comparison: Comparison | null, series: Series | null): void {
    batch(() => {
      this.shown.value = comparison;
      this.series.value = series;
    });
  }
}
