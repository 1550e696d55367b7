import { signal } from "@preact/signals";
import type { BrowserMessage, KernelMessageOf } from "../protocol/messages";
import type { Handlers, Part } from "../protocol/parts";
import { MAX_INTEGERS } from "../protocol/shared";

/** The cells that clearly argue for a class, strongest first. */
export interface Strength {
  cells: number[];
  values: number[];
}

interface Asked {
  grid: number;
  classes: readonly number[];
}

/** The cells of searched classes on one grid. The kernel goes on reporting until asked to stop. */
export class Strongest implements Part {
  readonly handles: Handlers = { strongest: (message) => this.receive(message) };
  readonly version = signal(0);
  /** The number of cells of the grid whose classes the kernel knows. */
  readonly known = signal({ cells: 0, total: 0 });
  private asked: Asked = { grid: 0, classes: [] };
  private readonly strengths = new Map<number, Strength>();

  constructor(private readonly send: (message: BrowserMessage) => void) {}

  of(index: number): Strength | null {
    return this.strengths.get(index) ?? null;
  }

  /** Asks for these classes; none end the asking. */
  want(grid: number, classes: readonly number[]): void {
    const some = classes.slice(0, MAX_INTEGERS);
    const { asked } = this;
    if (some.length === 0 && asked.classes.length === 0) return;
    if (asked.grid === grid && asked.classes.join() === some.join()) return;
    if (asked.grid !== grid) this.forget();
    this.asked = { grid, classes: some };
    this.send({ kind: "strongest", grid, classes: [...some] });
  }

  /** Another layout: what was told of the last one means nothing. */
  clear(): void {
    this.asked = { grid: 0, classes: [] };
    this.forget();
  }

  receive(message: KernelMessageOf<"strongest">): void {
    if (message.grid !== this.asked.grid) return;
    const values = message.values.map((value) => value ?? 0);
    this.strengths.set(message.class, { cells: message.cells, values });
    this.known.value = { cells: message.known, total: message.total };
    this.version.value++;
  }

  private forget(): void {
    this.strengths.clear();
    this.known.value = { cells: 0, total: 0 };
    this.version.value++;
  }
}
