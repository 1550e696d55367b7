import { type ReadonlySignal, signal } from "@preact/signals";
import { History } from "../util/history";

export interface Selection {
  grid: number;
  cells: number[];
}

/** Nothing selected is the same on every grid. */
const same = (one: Selection, other: Selection): boolean =>
  one.cells.length === other.cells.length &&
  (one.cells.length === 0 || one.grid === other.grid) &&
  one.cells.every((cell, at) => cell === other.cells[at]);

/** The selection and its history: views choose, Python chooses, both can be undone. */
export class Selections {
  private readonly selected;
  private readonly history = new History<Selection>(same);

  constructor(
    first: Selection,
    /** Reports a choice of the user to the kernel. */
    private readonly tell: (selection: Selection) => void,
  ) {
    this.selected = signal(first);
    this.history.restart(first);
  }

  get now(): ReadonlySignal<Selection> {
    return this.selected;
  }

  get canUndo(): ReadonlySignal<boolean> {
    return this.history.hasEarlier;
  }

  get canRedo(): ReadonlySignal<boolean> {
    return this.history.hasLater;
  }

  /** Take over a choice of the user. */
  choose(selection: Selection): void {
    this.follow(selection);
    this.tell(selection);
  }

  /** Take over a choice of Python's. */
  follow(selection: Selection): void {
    this.selected.value = selection;
    this.history.record(selection);
  }

  /** Another grid, whose cells are still to be told if there are any: nothing to undo. */
  onGrid(grid: number): void {
    this.selected.value = { ...this.selected.peek(), grid };
  }

  undo(): boolean {
    return this.travel(-1);
  }

  redo(): boolean {
    return this.travel(1);
  }

  /** Other cells: ids of before mean nothing any more. */
  forget(): void {
    this.selected.value = { ...this.selected.peek(), cells: [] };
    this.history.restart(this.selected.peek());
  }

  private travel(step: -1 | 1): boolean {
    const selection = this.history.go(step);
    if (!selection) return false;
    this.selected.value = selection;
    this.tell(selection);
    return true;
  }
}
