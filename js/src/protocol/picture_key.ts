/**
 * The names of pictures. A key says what a picture is of, as `kind:…:number`: the cell 113 of the
 * 20 × 20 grid is `cell:20:113`. What is before the last colon names the group of pictures that are
 * shown, and drawn at one size, together.
 */

declare const brand: unique symbol;
export type PictureKey = string & { readonly [brand]: "picture" };
/** A picture's group, such as `cell:20`: all cells of the 20 × 20 grid. */
export type PictureGroup = string & { readonly [brand]: "group" };

export const cellKey = (grid: number, cell: number): PictureKey =>
  `cell:${grid}:${cell}` as PictureKey;

export const cellGroup = (grid: number): PictureGroup => `cell:${grid}` as PictureGroup;

/** The pictures of the cells of an atlas that is compared with the one shown. */
export const comparedGroup = (grid: number): PictureGroup => `compared:${grid}` as PictureGroup;

/** Names cells of a grid, in their order. */
export const cellKeys = (grid: number, cells: readonly number[]): PictureKey[] =>
  cells.map((cell) => cellKey(grid, cell));

/** The key of a group's picture with this number. */
export const keyIn = (group: PictureGroup, number: number): PictureKey =>
  `${group}:${number}` as PictureKey;

export const groupOf = (key: PictureKey): PictureGroup =>
  key.slice(0, key.lastIndexOf(":")) as PictureGroup;

const KEY = /^([a-z]+)(:[^:]+)*:(\d+)$/;

/** The key that a text is, if it is one. */
export function parseKey(text: string): PictureKey | null {
  return KEY.test(text) ? (text as PictureKey) : null;
}

/** The grid whose cells a group holds; null if it holds something else. */
export function gridOf(group: PictureGroup): number | null {
  const [kind, grid, ...more] = group.split(":");
  return kind === "cell" && more.length === 0 ? Number(grid) : null;
}

/** The cell that a picture is of; null if it is of something else. */
export function cellOf(key: PictureKey): { grid: number; cell: number } | null {
  const grid = gridOf(groupOf(key));
  return grid === null ? null : { grid, cell: Number(key.slice(key.lastIndexOf(":") + 1)) };
}

/** The numbers of some pictures, by group. */
export function numbersByGroup(keys: Iterable<PictureKey>): Map<PictureGroup, number[]> {
  const groups = new Map<PictureGroup, number[]>();
  for (const key of keys) {
    const group = groupOf(key);
    const number = Number(key.slice(group.length + 1));
    const numbers = groups.get(group);
    if (numbers) numbers.push(number);
    else groups.set(group, [number]);
  }
  return groups;
}

/** The cells that some pictures are of, by grid. */
export function cellsByGrid(keys: Iterable<PictureKey>): Map<number, number[]> {
  const grids = new Map<number, number[]>();
  for (const key of keys) {
    const place = cellOf(key);
    if (!place) continue;
    const cells = grids.get(place.grid);
    if (cells) cells.push(place.cell);
    else grids.set(place.grid, [place.cell]);
  }
  return grids;
}
