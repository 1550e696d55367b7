import { signal } from "@preact/signals";
import type { BrowserMessage, KernelMessageOf } from "../protocol/messages";
import type { Handlers, Part } from "../protocol/parts";

/** The influence of a cell on a class: the mean over its samples, with its interval. */
export interface Gain {
  value: number;
  /** Null where one sample alone speaks. */
  low: number | null;
  high: number | null;
}

/** The classes whose values are kept: going back to one shows it at once. */
const MAX_CLASSES = 8;
const MAX_CELLS = 6400;
/** An answer that stays away this long (ms) is asked for again, so often without any progress. */
const RETRY_AFTER = 6000;
const MAX_TRIES = 3;

interface Asked {
  class: number;
  cells: Set<number>;
  tries: number;
  timer: ReturnType<typeof setTimeout> | null;
}

/** The influence of cells on classes, as far as it is known; and the requests for more. */
export class Influences implements Part {
  readonly handles: Handlers = { influence: (message) => this.receive(message) };
  /** Counts up with every change. */
  readonly version = signal(0);
  private readonly classes = new Map<number, Map<number, Map<number, Gain>>>();
  /** The cells for which the answer was that there is no value, by class and grid. */
  private readonly without = new Map<string, Set<number>>();
  private readonly wants = new Map<object, { class: number; grid: number; cells: number[] }>();
  /** By grid: views may show different ones. */
  private readonly asked = new Map<number, Asked>();

  constructor(private readonly send: (message: BrowserMessage) => void) {}

  of(index: number, grid: number): ReadonlyMap<number, Gain> {
    return this.classes.get(index)?.get(grid) ?? new Map();
  }

  /** The cells that have no value, such as in a page that does not hold all. */
  withoutValue(index: number, grid: number): ReadonlySet<number> {
    return this.without.get(`${index}/${grid}`) ?? new Set();
  }

  /** The number of requested cells that are still to come. */
  waitingFor(index: number, grid: number): number {
    const asked = this.asked.get(grid);
    return asked?.class === index ? asked.cells.size : 0;
  }

  /** Asks for those of a view's cells that are not known yet, in this order. */
  want(view: object, index: number, grid: number, cells: number[]): void {
    this.wants.set(view, { class: index, grid, cells });
    this.ask();
  }

  /** A view wants nothing any more. */
  forget(view: object): void {
    if (this.wants.delete(view)) this.ask();
  }

  clear(): void {
    this.dispose();
    this.asked.clear();
    this.wants.clear();
    this.classes.clear();
    this.without.clear();
    this.version.value++;
  }

  dispose(): void {
    for (const asked of this.asked.values()) if (asked.timer !== null) clearTimeout(asked.timer);
  }

  receive(message: KernelMessageOf<"influence">): void {
    const grids = this.classes.get(message.class) ?? new Map<number, Map<number, Gain>>();
    this.classes.delete(message.class);
    this.classes.set(message.class, grids); // the last one used goes last
    for (const oldest of this.classes.keys()) {
      if (this.classes.size <= MAX_CLASSES) break;
      this.classes.delete(oldest);
    }
    const gains = grids.get(message.grid) ?? new Map<number, Gain>();
    grids.set(message.grid, gains);
    const unanswered = `${message.class}/${message.grid}`;
    const without = this.without.get(unanswered) ?? new Set<number>();
    this.without.set(unanswered, without);
    const asked = this.asked.get(message.grid);
    const mine = asked?.class === message.class;
    message.cells.forEach((cell, at) => {
      const value = message.values[at];
      const [low, high] = [message.low[at] ?? null, message.high[at] ?? null];
      if (typeof value === "number") gains.set(cell, { value, low, high });
      else without.add(cell);
      if (mine) asked.cells.delete(cell);
    });
    if (mine) {
      asked.tries = 0;
      this.watch(message.grid, asked);
      // There may be more than one message can name.
      if (asked.cells.size === 0) this.ask();
    }
    this.version.value++;
  }

  private ask(): void {
    const missing = new Map<number, { class: number; cells: Set<number> }>();
    for (const { class: index, grid, cells } of [...this.wants.values()].reverse()) {
      const known = this.of(index, grid);
      const without = this.withoutValue(index, grid);
      const entry = missing.get(grid) ?? { class: index, cells: new Set<number>() };
      missing.set(grid, entry);
      for (const cell of cells) {
        const open = !known.has(cell) && !without.has(cell);
        if (open && entry.cells.size < MAX_CELLS) entry.cells.add(cell);
      }
    }
    for (const [grid, asked] of this.asked) {
      if (!missing.has(grid)) missing.set(grid, { class: asked.class, cells: new Set() });
    }
    for (const [grid, { class: index, cells }] of missing) {
      const before = this.asked.get(grid);
      if ((!before || before.cells.size === 0) && cells.size === 0) {
        this.asked.delete(grid);
        continue;
      }
      const same =
        before?.class === index &&
        before.cells.size === cells.size &&
        [...cells].every((cell) => before.cells.has(cell));
      if (same) continue;
      if (before && before.timer !== null) clearTimeout(before.timer);
      this.send({ kind: "influence", grid, class: index, cells: [...cells] });
      if (cells.size === 0) {
        this.asked.delete(grid);
      } else {
        const asked: Asked = { class: index, cells, tries: 0, timer: null };
        this.asked.set(grid, asked);
        this.watch(grid, asked);
      }
      this.version.value++;
    }
  }

  /** A message may be lost on its way; a kernel that is only slow does not mind another. */
  private watch(grid: number, asked: Asked): void {
    if (asked.timer !== null) clearTimeout(asked.timer);
    asked.timer = null;
    if (asked.cells.size === 0 || asked.tries >= MAX_TRIES) return;
    asked.timer = setTimeout(() => {
      asked.tries++;
      this.send({ kind: "influence", grid, class: asked.class, cells: [...asked.cells] });
      this.watch(grid, asked);
    }, RETRY_AFTER);
  }
}
