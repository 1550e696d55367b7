import type { PictureGroup, PictureKey } from "../protocol/picture_key";
import type { Context2D } from "../util/decode";
import { Slices } from "../util/slices";
import { THUMB } from "./copies";
import type { Copies } from "./make_copies";
import { type ArrivingSheet, type Picture, type Sheet, supersedes, Tally } from "./picture";
import { type Bounds, closeAll, SheetLibrary } from "./sheet_library";
import { type CellBlock, Thumbs } from "./thumbs";

/** The most bytes that are kept, thumbnails apart. */
const BOUNDS: Bounds = { decoded: 96 * 2 ** 20, compressed: 48 * 2 ** 20 };
/** The time for which a replaced picture is kept: the new one fades in over it (ms). */
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
  private readonly pictures = new Map<PictureKey, Picture>();
  private readonly tallies = new Map<PictureGroup, Tally>();
  private readonly thumbs = new Thumbs();
  private readonly library: SheetLibrary<Picture>;
  private readonly slices = new Slices();
  private nextSerial = 0;
  private epoch = 0;

  /**
   * `onChange` hears which pictures look different now, `onLost` which ones are wanted larger than
   * they are kept. Real crops are `muted` where they stand in for pictures.
   */
  constructor(
    private readonly onChange: (keys: PictureKey[]) => void,
    onLost: (key: PictureKey) => void = () => {},
    bounds = BOUNDS,
    muted = true,
  ) {
    this.library = new SheetLibrary(
      bounds,
      (sheet) => muted && sheet.state === "crop",
      (sheet) => this.slices.add(() => this.tell(sheet)),
      ({ key }) => onLost(key),
    );
  }

  get(key: PictureKey): Picture | undefined {
    return this.pictures.get(key);
  }

  counts(group: PictureGroup): Readonly<Tally> {
    return this.tallies.get(group) ?? EMPTY;
  }

  get memory(): PictureMemory {
    const { copies, compressed } = this.library;
    return {
      decoded: copies.bytes,
      decodedPeak: copies.peak,
      decodedBound: copies.bound,
      thumbs: this.thumbs.bytes,
      compressed: compressed.cost,
      compressedBound: compressed.bound,
    };
  }

  clear(): void {
    this.epoch++;
    this.library.clear();
    this.pictures.clear();
    this.tallies.clear();
    this.thumbs.clear();
  }

  dispose(): void {
    this.clear();
    this.slices.stop();
    this.library.dispose();
  }

  /** Decodes a sheet and files its pictures; resolves once they can be drawn. */
  async receive(arriving: ArrivingSheet, bytes: Uint8Array): Promise<void> {
    const { epoch } = this;
    const sheet: Sheet = {
      serial: this.nextSerial++,
      id: arriving.id,
      group: arriving.group,
      state: arriving.state,
      columns: Math.max(1, arriving.columns),
      tile: arriving.tile,
      keys: new Set(),
    };
    let copies: Copies;
    try {
      copies = await this.library.open(sheet, bytes);
    } catch (error) {
      if (epoch !== this.epoch) return; // of a layout that is gone
      throw error;
    }
    await new Promise<void>((resolve) =>
      this.slices.add(() => {
        if (epoch === this.epoch) this.file(sheet, bytes, copies, arriving);
        else closeAll(copies);
        resolve();
      }),
    );
  }

  private file(sheet: Sheet, bytes: Uint8Array, copies: Copies, arriving: ArrivingSheet): void {
    const tally = this.tallies.get(sheet.group) ?? new Tally();
    this.tallies.set(sheet.group, tally);
    const small = copies.bitmaps.find((copy) => copy.divisor === 8)!.bitmap;
    const side = sheet.tile / 8;
    const arrived = performance.now();
    const replaced = new Set<Sheet>();
    arriving.keys.forEach((key, index) => {
      const before = this.pictures.get(key) ?? null;
      const present = before && { state: before.state, sheet: before.sheet.id };
      if (present && !supersedes({ state: sheet.state, sheet: sheet.id }, present)) return;
      const cosine = arriving.cosine[index] ?? null;
      const rank = arriving.rank[index] ?? null;
      const { state } = sheet;
      const [x, y] = placeIn(sheet, index, side);
      const thumb = this.thumbs.put(key, small, x, y, side);
      const picture: Picture = { key, state, cosine, rank, arrived, before, sheet, index, thumb };
      if (before) {
        before.before = null; // no chains of what nobody sees any more
        before.sheet.keys.delete(key);
        replaced.add(before.sheet);
        tally.add(before, -1);
      }
      tally.add(picture, 1);
      this.pictures.set(key, picture);
      sheet.keys.add(key);
    });
    small.close();
    const changed = [...sheet.keys];
    if (changed.length > 0) this.library.add(sheet, bytes, copies);
    else closeAll(copies);
    setTimeout(() => {
      for (const key of changed) {
        const picture = this.pictures.get(key);
        if (picture?.sheet === sheet) picture.before = null;
      }
      for (const other of replaced) if (other.keys.size === 0) this.library.forget(other);
    }, BEFORE_KEPT);
    this.tell(sheet);
  }

  private tell({ keys }: Sheet): void {
    if (keys.size > 0) this.onChange([...keys]);
  }

  /** Says how large, in target pixels, the pictures of a group are drawn from now on. */
  expect(group: PictureGroup, size: number): void {
    this.library.expect(group, size);
  }

  /**
   * True if a picture can be drawn `size` target pixels large without being blurred. If not, what
   * is needed is on its way: `onChange` will tell.
   */
  isReady(picture: Picture, size: number): boolean {
    return this.library.isReady(picture.sheet, size, picture);
  }

  /** True if a picture is drawn larger than all that is kept of it, the compressed one included. */
  isMissed(key: PictureKey): boolean {
    const picture = this.get(key);
    return picture !== undefined && this.library.isMissed(picture.sheet);
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
    const copy = this.library.find(sheet, size / part.side, picture);
    let source: CanvasImageSource;
    let [side, left, top] = [THUMB, 0, 0];
    if (copy) {
      source = copy.bitmap;
      side = sheet.tile / copy.divisor;
      [left, top] = placeIn(sheet, picture.index, side);
    } else {
      source = picture.thumb.canvas;
      [left, top] = [picture.thumb.x, picture.thumb.y];
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
}

function placeIn(sheet: Sheet, index: number, side: number): [number, number] {
  return [(index % sheet.columns) * side, Math.floor(index / sheet.columns) * side];
}
