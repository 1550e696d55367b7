import type { PictureKey } from "../protocol/picture_key";

/** The time for which requests gather before they are sent (ms). */
const GATHER_FOR = 250;
/** A picture that does not come is asked for again after this time, so often at most. */
const RETRY_AFTER = 5000;
const MAX_TRIES = 3;

interface Entry {
  times: number;
  last: number;
}

/**
 * Pictures that were forgotten to save memory, and are wanted again. They are asked for while
 * somebody looks at them: what a view only flies over is not.
 */
export class LostPictures {
  private readonly wanted = new Map<PictureKey, Entry>();
  private timer: ReturnType<typeof setTimeout> | null = null;

  /**
   * `ask` sends for pictures if it can; `isInSight` says whether one is looked at, and
   * `isMissed` whether it is still drawn larger than it is kept.
   */
  constructor(
    private readonly ask: (keys: PictureKey[]) => boolean,
    private readonly isInSight: (key: PictureKey) => boolean,
    private readonly isMissed: (key: PictureKey) => boolean,
  ) {}

  add(key: PictureKey): void {
    if (this.wanted.has(key)) return;
    this.wanted.set(key, { times: 0, last: Number.NEGATIVE_INFINITY });
    this.sightChanged();
  }

  arrived(keys: readonly PictureKey[]): void {
    for (const key of keys) this.wanted.delete(key);
  }

  /** Other cells are looked at now. */
  sightChanged(): void {
    if (this.wanted.size > 0) this.wait(GATHER_FOR);
  }

  clear(): void {
    if (this.timer !== null) clearTimeout(this.timer);
    this.timer = null;
    this.wanted.clear();
  }

  private wait(milliseconds: number): void {
    if (this.timer !== null) clearTimeout(this.timer);
    this.timer = setTimeout(() => this.flush(), milliseconds);
  }

  private flush(): void {
    this.timer = null;
    const now = performance.now();
    let waiting = false;
    const due: PictureKey[] = [];
    for (const [key, entry] of this.wanted) {
      if (!this.isMissed(key)) {
        this.wanted.delete(key);
      } else if (entry.times < MAX_TRIES && this.isInSight(key)) {
        waiting = true;
        if (now - entry.last > RETRY_AFTER - 1) due.push(key);
      }
    }
    if (due.length > 0 && this.ask(due)) {
      for (const key of due) {
        const entry = this.wanted.get(key)!;
        entry.times++;
        entry.last = now;
      }
    }
    if (waiting) this.wait(RETRY_AFTER);
  }
}
