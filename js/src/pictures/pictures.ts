import type { Context2D } from "../decode";
import { Lru } from "../lru";
import type { KernelMessageOf } from "../messages";
import { Slices } from "../slices";
import { DecodedCopies, divisorFor, THUMB } from "./copies";
import { Decoder } from "./decoder";
import type { Copies, Divisor } from "./make_copies";
import { type Picture, type PictureState, type Sheet, supersedes, Tally } from "./picture";
import { type CellBlock, Thumbs } from "./thumbs";

/** Decoded pixels and compressed bytes that are kept at most, thumbnails apart. */
export const DECODED_BOUND = 96 * 2 ** 20;
export const COMPRESSED_BOUND = 48 * 2 ** 20;
/** What a picture replaced is needed no longer than it fades in (ms). */
const BEFORE_KEPT = 1000;

const WHOLE = { x: 0, y: 0, side: 1 };
const EMPTY = new Tally();

export interface PictureMemory {
  /** Bytes of decoded copies, thumbnails and compressed sheets, and how many they may be. */
  decoded: number;
  decodedPeak: number;
  decodedBound: number;
  thumbs: number;
  compressed: number;
  compressedBound: number;
}

/**
 * Every picture that arrived, at several sizes: a thumbnail of each, which stays; decoded copies
 * and compressed sheets, of which those unused for longest are forgotten. So memory is bounded
 * whatever is visited, there is always something to draw, and what was forgotten and is wanted
 * again is told to `onLost`.
 */
export class Pictures {
  private readonly grids = new Map<number, Map<number, Picture>>();
  private readonly tallies = new Map<number, Tally>();
  private readonly thumbs = new Thumbs();
  private readonly copies: DecodedCopies;
  private readonly sheets: Lru<Sheet, Uint8Array>;
  private readonly decoder = new Decoder();
  private readonly slices = new Slices();
  /** What is being decoded again. */
  private readonly wishes = new Set<string>();
  /** How large pictures of a grid are drawn (target pixels): those that arrive are kept for that. */
  private readonly expected = new Map<number, number>();
  private nextKey = 0;
  private epoch = 0;

  /**
   * `onChange` hears which cells of which grid look different now, `onLost` which ones are wanted
   * larger than they are kept. Real crops are `muted` where they stand in for pictures.
   */
  constructor(
    private readonly onChange: (grid: number, cells: number[]) => void,
    private readonly onLost: (grid: number, cell: number) => void = () => {},
    bounds = { decoded: DECODED_BOUND, compressed: COMPRESSED_BOUND },
    private readonly muted = true,
  ) {
    this.copies = new DecodedCopies(bounds.decoded);
    this.sheets = new Lru(bounds.compressed);
  }

  get(grid: number, cell: number): Picture | undefined {
    return this.grids.get(grid)?.get(cell);
  }

  counts(grid: number): Readonly<Tally> {
    return this.tallies.get(grid) ?? EMPTY;
  }

  get memory(): PictureMemory {
    return {
      decoded: this.copies.bytes,
      decodedPeak: this.copies.peak,
      decodedBound: this.copies.bound,
      thumbs: this.thumbs.bytes,
      compressed: this.sheets.cost,
      compressedBound: this.sheets.bound,
    };
  }

  clear(): void {
    this.epoch++;
    this.decoder.clear();
    this.grids.clear();
    this.tallies.clear();
    this.copies.clear();
    this.sheets.clear();
    this.thumbs.clear();
    this.wishes.clear();
    this.expected.clear();
  }

  dispose(): void {
    this.clear();
    this.slices.stop();
    this.decoder.dispose();
  }

  /** Decodes a sheet and files its pictures; resolves once they can be drawn. */
  async receive(message: KernelMessageOf<"sheet">, bytes: Uint8Array): Promise<void> {
    const { epoch } = this;
    const sheet: Sheet = {
      key: this.nextKey++,
      id: message.sheet,
      grid: message.grid,
      state: message.state as PictureState,
      columns: Math.max(1, message.columns),
      tile: message.tile,
      cells: new Set(),
    };
    // What nobody has drawn so far needs no more than a small copy.
    const size = this.expected.get(sheet.grid) ?? sheet.tile / 4;
    const wanted = divisorFor(size, sheet.tile);
    const divisors: Divisor[] = wanted === null ? [8] : [wanted, 8];
    let copies: Copies;
    try {
      copies = await this.decoder.decodeFresh({ bytes, divisors, mute: this.mutes(sheet) });
    } catch (error) {
      if (epoch !== this.epoch) return; // of a layout that is gone
      throw error;
    }
    await new Promise<void>((resolve) =>
      this.slices.add(() => {
        if (epoch === this.epoch) this.file(sheet, bytes, copies, message);
        else closeAll(copies);
        resolve();
      }),
    );
  }

  private file(
    sheet: Sheet,
    bytes: Uint8Array,
    copies: Copies,
    message: KernelMessageOf<"sheet">,
  ): void {
    const { grid } = sheet;
    const cells = this.grids.get(grid) ?? new Map<number, Picture>();
    this.grids.set(grid, cells);
    const tally = this.tallies.get(grid) ?? new Tally();
    this.tallies.set(grid, tally);
    const small = copies.bitmaps.find((copy) => copy.divisor === 8)!.bitmap;
    const side = sheet.tile / 8;
    const arrived = performance.now();
    const replaced = new Set<Sheet>();
    message.cells.forEach((cell, index) => {
      const before = cells.get(cell) ?? null;
      const present = before && { state: before.state, sheet: before.sheet.id };
      if (present && !supersedes({ state: sheet.state, sheet: sheet.id }, present)) return;
      const cosine = message.cosine[index] ?? null;
      const rank = message.rank[index] ?? null;
      const { state } = sheet;
      const picture: Picture = { grid, cell, state, cosine, rank, arrived, before, sheet, index };
      if (before) {
        before.before = null; // no chains of what nobody sees any more
        before.sheet.cells.delete(cell);
        replaced.add(before.sheet);
        tally.add(before, -1);
      }
      tally.add(picture, 1);
      cells.set(cell, picture);
      sheet.cells.add(cell);
      const [x, y] = placeIn(sheet, index, side);
      this.thumbs.put(grid, cell, small, x, y, side);
    });
    small.close();
    const changed = [...sheet.cells];
    if (changed.length > 0) {
      this.sheets.set(sheet, bytes, bytes.byteLength);
      this.keep(sheet, copies);
    } else {
      closeAll(copies);
    }
    setTimeout(() => {
      for (const cell of changed) {
        const picture = cells.get(cell);
        if (picture?.sheet === sheet) picture.before = null;
      }
      for (const other of replaced) if (other.cells.size === 0) this.forget(other);
    }, BEFORE_KEPT);
    if (changed.length > 0) this.onChange(grid, changed);
  }

  private keep(sheet: Sheet, copies: Copies): void {
    for (const { divisor, bitmap } of copies.bitmaps) {
      if (divisor !== 8) this.copies.add(sheet, divisor, bitmap);
    }
  }

  private forget(sheet: Sheet): void {
    this.sheets.delete(sheet);
    this.copies.drop(sheet);
  }

  /** Says how large, in target pixels, the pictures of a grid are drawn from now on. */
  expect(grid: number, size: number): void {
    this.expected.set(grid, size);
  }

  /**
   * Whether a picture can be drawn `size` target pixels large without being blurred. If not, what
   * is needed is on its way: `onChange` will tell.
   */
  isReady(picture: Picture, size: number): boolean {
    const { sheet } = picture;
    const wanted = divisorFor(size, sheet.tile);
    if (wanted === null || this.copies.has(sheet, wanted)) return true;
    if (wanted > 1 && this.copies.has(sheet, (wanted / 2) as Divisor)) return true;
    this.request(picture, wanted);
    return false;
  }

  /** Whether a picture is drawn larger than all that is kept of it, the compressed one included. */
  isMissed(grid: number, cell: number): boolean {
    const picture = this.get(grid, cell);
    const size = this.expected.get(grid);
    if (!picture || size === undefined) return false;
    const { sheet } = picture;
    const wanted = divisorFor(size, sheet.tile);
    if (wanted === null || this.sheets.peek(sheet)) return false;
    return !this.copies.has(sheet, wanted);
  }

  /**
   * Draws a picture, or the part of it given in fractions, into a square of `size` target pixels.
   * Takes the smallest copy that is large enough; where there is none, draws another one now and
   * asks for it.
   */
  draw(
    context: Context2D,
    picture: Picture,
    x: number,
    y: number,
    size: number,
    part: { x: number; y: number; side: number } = WHOLE,
  ): void {
    const { sheet } = picture;
    const wanted = divisorFor(size / part.side, sheet.tile);
    let source: CanvasImageSource | undefined;
    let side = THUMB;
    let left = 0;
    let top = 0;
    if (wanted !== null) {
      let divisor = wanted;
      source = this.copies.get(sheet, wanted);
      if (!source) {
        const near = this.copies.nearest(sheet, wanted);
        // Twice as large does as well.
        if (near?.divisor !== wanted / 2) this.request(picture, wanted);
        if (near) ({ bitmap: source, divisor } = near);
      }
      side = sheet.tile / divisor;
      [left, top] = placeIn(sheet, picture.index, side);
    }
    if (!source) {
      const thumb = this.thumbs.find(picture.grid, picture.cell);
      if (!thumb) return;
      source = thumb.canvas;
      side = THUMB;
      left = thumb.x;
      top = thumb.y;
    }
    context.drawImage(
      source,
      left + part.x * side,
      top + part.y * side,
      part.side * side,
      part.side * side,
      x,
      y,
      size,
      size,
    );
  }

  /** Draws a block of cells in small into a box; cells without a picture stay as they are. */
  drawSmall(
    context: Context2D,
    grid: number,
    block: CellBlock,
    x: number,
    y: number,
    width: number,
    height: number,
  ): void {
    this.thumbs.draw(context, grid, block, x, y, width, height);
  }

  private mutes(sheet: Sheet): boolean {
    return this.muted && sheet.state === "crop";
  }

  /** Has a forgotten copy made again from the compressed sheet, if that is still here. */
  private request({ sheet, grid, cell }: Picture, divisor: Divisor): void {
    const expected = divisorFor(this.expected.get(grid) ?? 0, sheet.tile);
    if (expected !== null && expected < divisor) divisor = expected;
    const wish = `${sheet.key}/${divisor}`;
    if (this.wishes.has(wish)) return;
    const bytes = this.sheets.get(sheet);
    if (!bytes) {
      this.onLost(grid, cell);
      return;
    }
    const { epoch } = this;
    this.wishes.add(wish);
    this.decoder
      .decodeAgain({ bytes, divisors: [divisor], mute: this.mutes(sheet) })
      .then((copies) => {
        if (epoch !== this.epoch || sheet.cells.size === 0) {
          closeAll(copies);
          return;
        }
        this.keep(sheet, copies);
        this.slices.add(() => {
          if (epoch === this.epoch) this.onChange(grid, [...sheet.cells]);
        });
      })
      .catch(() => {})
      .finally(() => {
        if (epoch === this.epoch) this.wishes.delete(wish);
      });
  }
}

function placeIn(sheet: Sheet, index: number, side: number): [number, number] {
  return [(index % sheet.columns) * side, Math.floor(index / sheet.columns) * side];
}

function closeAll(copies: Copies): void {
  for (const { bitmap } of copies.bitmaps) bitmap.close();
}
