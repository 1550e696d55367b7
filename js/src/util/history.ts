import { type ReadonlySignal, signal } from "@preact/signals";

const MAX_STATES = 100;

/** States one after another and a place among them, as the pages of a browser's tab. */
export class History<State> {
  private readonly states: State[] = [];
  private at = -1;
  private readonly earlier = signal(false);
  private readonly later = signal(false);

  constructor(
    private readonly same: (one: State, other: State) => boolean,
    private readonly limit = MAX_STATES,
  ) {}

  get hasEarlier(): ReadonlySignal<boolean> {
    return this.earlier;
  }

  get hasLater(): ReadonlySignal<boolean> {
    return this.later;
  }

  get now(): State | null {
    return this.states[this.at] ?? null;
  }

  /** Goes on from here to another state: what one had gone back from is forgotten. */
  record(state: State): void {
    const { now } = this;
    if (now !== null && this.same(now, state)) return;
    this.states.splice(this.at + 1);
    this.states.push(state);
    if (this.states.length > this.limit) this.states.shift();
    this.at = this.states.length - 1;
    this.notify();
  }

  /** Goes to the state before (-1) or after (+1) this one; null at the end. */
  go(step: -1 | 1): State | null {
    const state = this.states[this.at + step];
    if (state === undefined) return null;
    this.at += step;
    this.notify();
    return state;
  }

  /** Forgets some of the states; goes on from the last one kept up to now. */
  drop(gone: (state: State) => boolean): void {
    const before = this.states.slice(0, this.at + 1).filter((state) => !gone(state)).length;
    const kept = this.states.filter((state) => !gone(state));
    this.states.splice(0, this.states.length, ...kept);
    this.at = before - 1;
    this.notify();
  }

  /** Forgets all states; goes on from this one if there is one. */
  restart(state?: State): void {
    this.states.splice(0);
    if (state !== undefined) this.states.push(state);
    this.at = this.states.length - 1;
    this.notify();
  }

  private notify(): void {
    this.earlier.value = this.at > 0;
    this.later.value = this.at < this.states.length - 1;
  }
}
