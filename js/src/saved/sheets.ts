import type { KernelMessageOf } from "../protocol/messages";
import { cellGroup } from "../protocol/picture_key";
import { MAX_TILES } from "../protocol/shared";
import type { CropSheets } from "./crops";
import type { SavedPage } from "./format";

/** A message that brings pictures, and what reads or makes them. */
export interface Sheet {
  message: KernelMessageOf<"sheet">;
  read(): Promise<Uint8Array<ArrayBuffer>>;
}

const COLUMNS = 8;

/** Real crops for the cells of a page that have no picture of their own, in sheets. */
export function cropSheets(page: SavedPage, crops: CropSheets): Sheet[] {
  const sheets: Sheet[] = [];
  for (const { size, states } of page.grids) {
    const ids = page.layout.grids.find((grid) => grid.size === size)?.ids ?? [];
    const bare = ids.flatMap((cell, place) => {
      const crop = states[place] === null ? crops.of(size, place)[0] : undefined;
      return crop === undefined ? [] : [{ cell, crop }];
    });
    for (let start = 0; start < bare.length; start += MAX_TILES) {
      const some = bare.slice(start, start + MAX_TILES);
      const columns = Math.min(COLUMNS, some.length);
      const message: Sheet["message"] = {
        kind: "sheet",
        sheet: page.sheets.length + sheets.length,
        revision: page.layout.revision,
        group: cellGroup(size),
        state: "crop",
        numbers: some.map(({ cell }) => cell),
        cosine: some.map(() => null),
        rank: some.map(() => null),
        tile: crops.tile,
        columns,
      };
      const numbers = some.map(({ crop }) => crop);
      sheets.push({ message, read: () => crops.together(numbers, columns) });
    }
  }
  return sheets;
}

/** Sheets that are sent and not decoded yet, at most: a page of thousands opens step by step. */
const MAX_UNDER_WAY = 4;

/** The sheets of a page: each is sent when one of its cells is looked at, and again if it is lost. */
export class SavedSheets {
  private readonly bySheet = new Map<number, Sheet>();
  /** The sheet of each cell, by the group of pictures. */
  private readonly byCell = new Map<string, Map<number, number>>();
  private readonly sent = new Set<number>();
  private readonly underWay = new Set<number>();
  private waiting: number[] = [];

  constructor(
    sheets: readonly Sheet[],
    private readonly send: (sheet: Sheet) => void,
  ) {
    for (const sheet of sheets) {
      const { group, numbers, sheet: id } = sheet.message;
      this.bySheet.set(id, sheet);
      const cells = this.byCell.get(group) ?? new Map<number, number>();
      this.byCell.set(group, cells);
      for (const cell of numbers) cells.set(cell, id);
    }
  }

  /** A display begins: the coarsest grid stands in for finer ones, so all of it is sent. */
  begin(coarsest: number): void {
    this.sent.clear();
    this.underWay.clear();
    this.waiting = [];
    const cells = this.byCell.get(cellGroup(coarsest));
    if (cells) this.want([...new Set(cells.values())]);
  }

  /** These cells are looked at. */
  look(grid: number, cells: readonly number[]): void {
    this.lookAt(cellGroup(grid), cells);
  }

  /** These pictures of a group are looked at. */
  lookAt(group: string, numbers: readonly number[]): void {
    const wanted = this.sheetsOf(group, numbers).filter((sheet) => !this.sent.has(sheet));
    // What is looked at now comes before what was looked at.
    this.waiting = [...wanted, ...this.waiting.filter((sheet) => !wanted.includes(sheet))];
    this.pump();
  }

  /** Pictures were forgotten to save memory, and are looked at again. */
  sendAgain(group: string, numbers: readonly number[]): void {
    this.want(this.sheetsOf(group, numbers));
  }

  acknowledge(sheet: number): void {
    this.underWay.delete(sheet);
    this.pump();
  }

  private sheetsOf(group: string, numbers: readonly number[]): number[] {
    const cells = this.byCell.get(group);
    const sheets = new Set<number>();
    for (const number of numbers) {
      const sheet = cells?.get(number);
      if (sheet !== undefined) sheets.add(sheet);
    }
    return [...sheets];
  }

  private want(sheets: readonly number[]): void {
    for (const sheet of sheets) if (!this.waiting.includes(sheet)) this.waiting.push(sheet);
    this.pump();
  }

  private pump(): void {
    while (this.underWay.size < MAX_UNDER_WAY) {
      const next = this.waiting.shift();
      if (next === undefined) return;
      if (this.underWay.has(next)) continue;
      this.sent.add(next);
      this.underWay.add(next);
      this.send(this.bySheet.get(next)!);
    }
  }
}
