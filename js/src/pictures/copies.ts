import { Lru } from "../util/lru";
import type { Divisor } from "./make_copies";
import type { Sheet } from "./picture";

/** A picture is drawn enlarged by this much at most where a larger copy exists. */
const ENLARGED = 1.25;
/** The side of the thumbnails, which stay: what is drawn no larger needs no copy. */
export const THUMB = 8;

/** The copy of a picture of `tile` pixels to draw `size` pixels large; null: the thumbnail. */
export function divisorFor(size: number, tile: number): Divisor | null {
  if (size <= THUMB * ENLARGED) return null;
  if (size <= (tile / 4) * ENLARGED) return 4;
  if (size <= (tile / 2) * ENLARGED) return 2;
  return 1;
}

const DIVISORS = [1, 2, 4] as const;

interface Copy {
  sheet: Sheet;
  divisor: Divisor;
  bitmap: ImageBitmap;
}

/** Decoded copies of sheets at several sizes; what was unused for longest is forgotten. */
export class DecodedCopies {
  private readonly copies: Lru<number, Copy>;
  private most = 0;

  constructor(readonly bound: number) {
    this.copies = new Lru(bound, (_, copy) => copy.bitmap.close());
  }

  get bytes(): number {
    return this.copies.cost;
  }

  get peak(): number {
    return this.most;
  }

  add(sheet: Sheet, divisor: Divisor, bitmap: ImageBitmap): void {
    const cost = bitmap.width * bitmap.height * 4;
    this.copies.set(keyOf(sheet, divisor), { sheet, divisor, bitmap }, cost);
    this.most = Math.max(this.most, this.bytes);
  }

  get(sheet: Sheet, divisor: Divisor): ImageBitmap | undefined {
    return this.copies.get(keyOf(sheet, divisor))?.bitmap;
  }

  /** True if there is such a copy; asking does not count as use. */
  has(sheet: Sheet, divisor: Divisor): boolean {
    return this.copies.peek(keyOf(sheet, divisor)) !== undefined;
  }

  /** The copy nearest in size to the one wanted, a finer one rather than a coarser one. */
  nearest(sheet: Sheet, wanted: Divisor): { bitmap: ImageBitmap; divisor: Divisor } | null {
    const finer = DIVISORS.filter((divisor) => divisor < wanted).reverse();
    const coarser = DIVISORS.filter((divisor) => divisor > wanted);
    for (const divisor of [...finer, ...coarser]) {
      const bitmap = this.get(sheet, divisor);
      if (bitmap) return { bitmap, divisor };
    }
    return null;
  }

  drop(sheet: Sheet): void {
    for (const divisor of DIVISORS) this.copies.delete(keyOf(sheet, divisor));
  }

  clear(): void {
    this.copies.clear();
  }
}

const keyOf = (sheet: Sheet, divisor: Divisor) => sheet.serial * 8 + divisor;
