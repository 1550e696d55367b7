import { cellKey, type PictureKey } from "../protocol/picture_key";

/** A cell of one of an atlas's grids. */
export interface Place {
  grid: number;
  cell: number;
}

/** The cell that the pointer or the keyboard is on. */
export interface ActivePlace extends Place {
  by: "pointer" | "keyboard";
}

export const keyOf = ({ grid, cell }: Place): PictureKey => cellKey(grid, cell);

export const samePlace = (a: Place | null, b: Place | null): boolean =>
  a?.grid === b?.grid && a?.cell === b?.cell;
