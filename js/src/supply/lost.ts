/** How long what is wanted may gather before it is asked for (ms). */
const GATHER = 250;
/** A picture that does not come is asked for again after this time, so often at most. */
const PATIENCE = 5000;
const TIMES = 3;

interface Entry {
  times: number;
  last: number;
}

/**
 * Pictures that were forgotten to save memory, and are wanted again. They are asked for while
 * somebody looks at them: what a view only flies over is not.
 */
export class LostPictures {
  private readonly wanted = new Map<number, Map<number, Entry>>();
  private timer: ReturnType<typeof setTimeout> | null = null;

  /**
   * `ask` sends for cells of one grid if it can; `isInSight` says whether one is looked at, and
   * `isMissed` whether it is still drawn larger than it is kept.
   */
  constructor(
    private readonly ask: (grid: number, cells: number[]) => boolean,
    private readonly isInSight: (grid: number, cell: number) => boolean,
    private readonly isMissed: (grid: number, cell: number) => boolean,
  ) {}

  add(grid: number, cell: number): void {
    const cells = this.wanted.get(grid) ?? new Map();
    this.wanted.set(grid, cells);
    if (cells.has(cell)) return;
    cells.set(cell, { times: 0, last: Number.NEGATIVE_INFINITY });
    this.sightChanged();
  }

  arrived(grid: number, cells: readonly number[]): void {
    const wanted = this.wanted.get(grid);
    if (wanted) for (const cell of cells) wanted.delete(cell);
  }

  /** Other cells are looked at now. */
  sightChanged(): void {
    if (this.wanted.size > 0) this.wait(GATHER);
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
    for (const [grid, wanted] of this.wanted) {
      const due: number[] = [];
      for (const [cell, entry] of wanted) {
        if (!this.isMissed(grid, cell)) {
          wanted.delete(cell);
        } else if (entry.times < TIMES && this.isInSight(grid, cell)) {
          waiting = true;
          if (now - entry.last > PATIENCE - 1) due.push(cell);
        }
      }
      if (due.length === 0 || !this.ask(grid, due)) continue;
      for (const cell of due) {
        const entry = wanted.get(cell)!;
        entry.times++;
        entry.last = now;
      }
    }
    if (waiting) this.wait(PATIENCE);
  }
}
