import type { PictureGroup } from "../protocol/picture_key";
import { Lru } from "../util/lru";
import { DecodedCopies, divisorFor } from "./copies";
import { Decoder } from "./decoder";
import type { Copies, Divisor } from "./make_copies";
import type { Sheet } from "./picture";

export interface Bounds {
  /** Bytes of decoded copies. */
  decoded: number;
  /** Bytes of compressed sheets. */
  compressed: number;
}

/**
 * The time before which a decoded sheet is not decoded again (ms): a view that needs more copies
 * than are kept would have the same ones made for ever.
 */
const DECODE_PAUSE = 1500;
const MAX_WISHES = 500;

/**
 * The sheets, compressed, and decoded copies of them at the sizes at which they are drawn; of both,
 * those unused for longest are forgotten. `onDecoded` hears of sheets of which there is a better
 * copy now, `onLost` of those of which one is wanted that cannot be made any more.
 */
export class SheetLibrary<Asker> {
  readonly copies: DecodedCopies;
  readonly compressed: Lru<Sheet, Uint8Array>;
  private readonly decoder = new Decoder();
  /** The sheets being decoded again (infinite), or the time before which they are not to be. */
  private readonly wishes = new Map<string, number>();
  /** The size at which a group is drawn (target pixels): those that arrive are kept for that. */
  private readonly expected = new Map<PictureGroup, number>();
  private epoch = 0;

  constructor(
    bounds: Bounds,
    private readonly mutes: (sheet: Sheet) => boolean,
    private readonly onDecoded: (sheet: Sheet) => void,
    private readonly onLost: (asker: Asker) => void,
  ) {
    this.copies = new DecodedCopies(bounds.decoded);
    this.compressed = new Lru(bounds.compressed);
  }

  clear(): void {
    this.epoch++;
    this.decoder.clear();
    this.copies.clear();
    this.compressed.clear();
    this.wishes.clear();
    this.expected.clear();
  }

  dispose(): void {
    this.clear();
    this.decoder.dispose();
  }

  expect(group: PictureGroup, size: number): void {
    this.expected.set(group, size);
  }

  /** Decodes a sheet that has just arrived, for thumbnails too. */
  open(sheet: Sheet, bytes: Uint8Array): Promise<Copies> {
    // What nobody has drawn so far needs no more than a small copy.
    const size = this.expected.get(sheet.group) ?? sheet.tile / 4;
    const wanted = divisorFor(size, sheet.tile);
    const divisors: Divisor[] = wanted === null ? [8] : [wanted, 8];
    return this.decoder.decodeFresh({ bytes, divisors, mute: this.mutes(sheet) });
  }

  add(sheet: Sheet, bytes: Uint8Array, copies: Copies): void {
    this.compressed.set(sheet, bytes, bytes.byteLength);
    this.keep(sheet, copies);
  }

  forget(sheet: Sheet): void {
    this.compressed.delete(sheet);
    this.copies.drop(sheet);
  }

  /** True if pictures of the sheet are drawn larger than all that is kept of it, bytes included. */
  isMissed(sheet: Sheet): boolean {
    const wanted = divisorFor(this.expected.get(sheet.group) ?? 0, sheet.tile);
    return wanted !== null && !this.compressed.peek(sheet) && !this.copies.has(sheet, wanted);
  }

  /** Return true if there is a copy that is large enough; if not, ask for it. */
  isReady(sheet: Sheet, size: number, asker: Asker): boolean {
    const wanted = divisorFor(size, sheet.tile);
    if (wanted === null || this.copies.has(sheet, wanted)) return true;
    if (wanted > 1 && this.copies.has(sheet, (wanted / 2) as Divisor)) return true;
    this.request(sheet, wanted, asker);
    return false;
  }

  /** The best copy for a size; asks for a better one. Null where the thumbnail is to be taken. */
  find(sheet: Sheet, size: number, asker: Asker): { bitmap: ImageBitmap; divisor: Divisor } | null {
    const wanted = divisorFor(size, sheet.tile);
    if (wanted === null) return null;
    const bitmap = this.copies.get(sheet, wanted);
    if (bitmap) return { bitmap, divisor: wanted };
    const near = this.copies.nearest(sheet, wanted);
    // Twice as large does as well.
    if (near?.divisor !== wanted / 2) this.request(sheet, wanted, asker);
    return near;
  }

  private keep(sheet: Sheet, copies: Copies): void {
    for (const { divisor, bitmap } of copies.bitmaps) {
      if (divisor !== 8) this.copies.add(sheet, divisor, bitmap);
    }
  }

  /** Has a copy made from the compressed sheet, if that is still here. */
  private request(sheet: Sheet, divisor: Divisor, asker: Asker): void {
    const expected = divisorFor(this.expected.get(sheet.group) ?? 0, sheet.tile);
    if (expected !== null && expected < divisor) divisor = expected;
    const wish = `${sheet.serial}/${divisor}`;
    const now = performance.now();
    if ((this.wishes.get(wish) ?? 0) > now) return;
    const bytes = this.compressed.get(sheet);
    if (!bytes) {
      this.onLost(asker);
      return;
    }
    const { epoch } = this;
    this.forgetOldWishes(now);
    this.wishes.set(wish, Number.POSITIVE_INFINITY);
    this.decoder
      .decodeAgain({ bytes, divisors: [divisor], mute: this.mutes(sheet) })
      .then((copies) => {
        if (epoch !== this.epoch || sheet.keys.size === 0) {
          closeAll(copies);
        } else {
          this.keep(sheet, copies);
          this.onDecoded(sheet);
        }
      })
      .catch(() => {})
      .finally(() => {
        if (epoch === this.epoch) this.wishes.set(wish, performance.now() + DECODE_PAUSE);
      });
  }

  private forgetOldWishes(now: number): void {
    if (this.wishes.size < MAX_WISHES) return;
    for (const [wish, until] of this.wishes) if (until < now) this.wishes.delete(wish);
  }
}

export function closeAll(copies: Copies): void {
  for (const { bitmap } of copies.bitmaps) bitmap.close();
}
