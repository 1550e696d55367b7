import { type Signal, signal } from "@preact/signals";
import type { BrowserMessage } from "../protocol/messages";

/** The progress of a request to the kernel, and its result. */
export type Progress<Result> =
  | { stage: "running"; done: number; total: number }
  | { stage: "done"; result: Result }
  | { stage: "failed"; message: string };

/** One thing that the kernel was asked for by a request. */
export class Running<Result> {
  readonly state: Signal<Progress<Result>> = signal({ stage: "running", done: 0, total: 0 });
  /** Called once when it has come, or failed. */
  onEnd: (() => void) | null = null;
  private stopped = false;

  constructor(
    readonly request: number,
    private readonly send: (message: BrowserMessage) => void,
    private readonly forget: () => void,
  ) {}

  get ended(): boolean {
    return this.state.peek().stage !== "running";
  }

  progressed(done: number, total: number): void {
    if (!this.ended) this.state.value = { stage: "running", done, total };
  }

  finish(result: Result): void {
    this.end({ stage: "done", result });
  }

  fail(message: string): void {
    this.end({ stage: "failed", message });
  }

  /** It is no longer wanted: nothing of it comes any more. */
  stop(): void {
    if (this.ended || this.stopped) return;
    this.stopped = true;
    this.onEnd = null;
    this.forget();
    this.send({ kind: "stop_task", request: this.request });
  }

  private end(state: Progress<Result>): void {
    if (this.ended) return;
    this.forget();
    this.state.value = state;
    this.onEnd?.();
  }
}
