import type { ClassValue } from "../protocol/messages";
import type { FlatClasses, SavedGrid } from "./format";

const PER_VALUE = 4;

/** Class values of one cell of a grid, by its place among the grid's cells. */
export class SavedClasses {
  constructor(
    private readonly grid: SavedGrid,
    private readonly names: readonly (string | null)[],
  ) {}

  pro(place: number): ClassValue[] | null {
    return this.read(this.grid.pro[place]);
  }

  contra(place: number): ClassValue[] | null {
    return this.read(this.grid.contra[place]);
  }

  /** A cell's value for a class; null where the page does not have it. */
  of(place: number, index: number): ClassValue | null {
    const { pro, contra, clear } = this.grid;
    for (const flat of [pro[place], contra[place], clear[place]]) {
      for (let at = 0; flat && at < flat.length; at += PER_VALUE) {
        if (flat[at] === index) return this.valueAt(flat, at);
      }
    }
    return null;
  }

  /** The cells (by place) that clearly argue for a class, strongest first. */
  arguingFor(index: number): { place: number; value: number }[] {
    const found: { place: number; value: number }[] = [];
    this.grid.clear.forEach((flat, place) => {
      for (let at = 0; at < flat.length; at += PER_VALUE) {
        if (flat[at] === index) found.push({ place, value: flat[at + 1] ?? 0 });
      }
    });
    return found.sort((a, b) => b.value - a.value || a.place - b.place);
  }

  /** The number of cells whose classes the page has. */
  get known(): number {
    return this.grid.pro.filter((flat) => flat !== null).length;
  }

  private read(flat: FlatClasses | null): ClassValue[] | null {
    if (!flat) return null;
    const values: ClassValue[] = [];
    for (let at = 0; at < flat.length; at += PER_VALUE) values.push(this.valueAt(flat, at));
    return values;
  }

  private valueAt(flat: FlatClasses, at: number): ClassValue {
    const [index, value, low, high] = flat.slice(at, at + PER_VALUE);
    const name = this.names[index ?? -1];
    return { index: index ?? -1, label: name ?? `class ${index}`, value: value ?? 0, low, high };
  }
}
