import { signal } from "@preact/signals";
import type { KernelMessageOf } from "../protocol/messages";
import type { Handlers, Part } from "../protocol/parts";

/** Neighbouring cells whose samples come from images of the same label. */
export interface Region {
  name: string;
  /** In units of the atlas. */
  x: number;
  y: number;
  cells: number;
  share: number;
}

/** The regions of the map that have a name, those of most cells first. */
export class Regions implements Part {
  readonly handles: Handlers = { regions: (message) => this.receive(message) };
  readonly all = signal<readonly Region[]>([]);

  clear(): void {
    this.all.value = [];
  }

  private receive({ names, x, y, cells, shares }: KernelMessageOf<"regions">): void {
    this.all.value = names.map((name, at) => ({
      name: name ?? "",
      x: x[at] ?? 0,
      y: y[at] ?? 0,
      cells: cells[at] ?? 0,
      share: shares[at] ?? 0,
    }));
  }
}
