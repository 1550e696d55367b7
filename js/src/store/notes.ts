import { signal } from "@preact/signals";
import type { BrowserMessage, KernelMessageOf } from "../protocol/messages";
import type { Handlers, Part } from "../protocol/parts";

/** What a note is about: cells of a grid, or a unit of the layer. */
export type NoteSubject =
  | { kind: "cells"; grid: number; cells: readonly number[] }
  | { kind: "unit"; unit: number };

/** A note of a user's. */
export interface Note {
  id: string;
  /** From 1, in the order in which they were made. */
  number: number;
  name: string;
  text: string;
  about: NoteSubject;
  /** Its cells are cells of this layout. */
  here: boolean;
  changed: string;
}

/** All notes on the atlas; the kernel keeps them, and sends all after each change. */
export class Notes implements Part {
  readonly handles: Handlers = { notes: (message) => this.receive(message) };
  readonly all = signal<readonly Note[]>([]);
  /** Where they are kept, in words, and whether that is a file. */
  readonly where = signal<{ words: string; kept: boolean }>({ words: "", kept: true });

  constructor(private readonly send: (message: BrowserMessage) => void) {}

  clear(): void {
    this.all.value = [];
  }

  /** Asks for them as they are on disk now. */
  refresh(): void {
    this.send({ kind: "notes" });
  }

  /** Keeps a new note. */
  add(about: NoteSubject, name: string, text: string): void {
    const [grid, cells, unit] =
      about.kind === "unit" ? [0, [], about.unit] : [about.grid, [...about.cells], -1];
    this.send({ kind: "save_note", id: "", name, text, grid, cells, unit });
  }

  /** Gives a note another name and text. */
  change(id: string, name: string, text: string): void {
    this.send({ kind: "save_note", id, name, text, grid: 0, cells: [], unit: -1 });
  }

  remove(id: string): void {
    this.send({ kind: "remove_note", id });
  }

  private receive(message: KernelMessageOf<"notes">): void {
    const { ids, names, texts, grids, cells, units, here, changed } = message;
    this.where.value = { words: message.where, kept: message.kept };
    this.all.value = ids.map((id, at) => ({
      id: id ?? "",
      number: at + 1,
      name: names[at] ?? "",
      text: texts[at] ?? "",
      about:
        units[at] >= 0
          ? { kind: "unit", unit: units[at] }
          : { kind: "cells", grid: grids[at], cells: (cells[at] ?? "").split(" ").map(Number) },
      here: here[at] === 1,
      changed: changed[at] ?? "",
    }));
  }
}

/** The middle of a note's cells, in units of the atlas: that of the cell nearest to it. */
export function placeOf(about: NoteSubject): { x: number; y: number } | null {
  if (about.kind === "unit" || about.cells.length === 0) return null;
  const { grid, cells } = about;
  const places = cells.map((cell) => ({ row: Math.floor(cell / grid), column: cell % grid }));
  const mean = (axis: "row" | "column") =>
    places.reduce((sum, place) => sum + place[axis], 0) / places.length;
  const [row, column] = [mean("row"), mean("column")];
  const off = (place: { row: number; column: number }) =>
    (place.row - row) ** 2 + (place.column - column) ** 2;
  const best = places.reduce((least, place) => (off(place) < off(least) ? place : least));
  return { x: (best.column + 0.5) / grid, y: (best.row + 0.5) / grid };
}
