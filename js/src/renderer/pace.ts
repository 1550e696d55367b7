/** A frame that takes the page longer than this (ms) is near to being missed. */
const LONG = 10;
/** One that takes less leaves room for more. */
const SHORT = 7;
const MIN_QUOTA = 200;
const MAX_QUOTA = 6000;

/**
 * The amount that one frame may compose. It follows what frames cost on this machine: less after a
 * long one, more after a short one, counted in cells as small as they come.
 */
export class Pace {
  private allowed = 300;
  private spent = 0;

  /** The cost that the next frame may have. */
  get quota(): number {
    return this.allowed;
  }

  /** The cost of a cell of this size in target pixels: a call, and its pixels. */
  static costOf(side: number): number {
    return 1 + (side * side) / 1500;
  }

  spend(cost: number): void {
    this.spent += cost;
  }

  /** Hears how long the page was busy with a frame (ms). */
  frameTook(milliseconds: number): void {
    const { spent } = this;
    this.spent = 0;
    // A frame that composed nothing says nothing about composing.
    if (spent === 0) return;
    if (milliseconds > LONG) {
      this.allowed = Math.max(MIN_QUOTA, Math.min(this.allowed, spent) * 0.6);
    } else if (milliseconds < SHORT && spent >= this.allowed * 0.9) {
      this.allowed = Math.min(MAX_QUOTA, this.allowed * 1.2);
    }
  }
}
