/** A cell of one of an atlas's grids. */
export interface Place {
  grid: number;
  cell: number;
}

/** The cell that the pointer or the keyboard is on. */
export interface ActivePlace extends Place {
  by: "pointer" | "keyboard";
}

export const samePlace = (a: Place | null, b: Place | null): boolean =>
  a?.grid === b?.grid && a?.cell === b?.cell;
