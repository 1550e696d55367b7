import { type Canvas, contextOf, decodeToCanvas, makeCanvas } from "../util/decode";
import { Lru } from "../util/lru";
import type { ReadBlock, SavedCrops } from "./format";

/** Decoded sheets that are kept. */
const KEPT = 12;

/** The real crops of a page, put together for whoever asks. */
export class CropSheets {
  private readonly decoded = new Lru<number, Promise<Canvas>>(KEPT);

  constructor(
    private readonly crops: SavedCrops,
    private readonly readBlock: ReadBlock,
  ) {}

  get tile(): number {
    return this.crops.tile;
  }

  /** The numbers of a cell's crops; `place` is the cell's among those of its grid. */
  of(grid: number, place: number): readonly number[] {
    return this.crops.nearest[grid]?.[place] ?? [];
  }

  /** Some crops as the bytes of one picture, row by row. */
  async together(numbers: readonly number[], columns: number): Promise<Uint8Array<ArrayBuffer>> {
    const { tile } = this.crops;
    const canvas = makeCanvas(columns * tile, Math.ceil(numbers.length / columns) * tile);
    const context = contextOf(canvas);
    for (const [at, number] of numbers.entries()) {
      const within = number % this.crops.tiles;
      const from = await this.sheet(Math.floor(number / this.crops.tiles));
      const left = (within % this.crops.columns) * tile;
      const top = Math.floor(within / this.crops.columns) * tile;
      const [x, y] = [(at % columns) * tile, Math.floor(at / columns) * tile];
      context.drawImage(from, left, top, tile, tile, x, y, tile, tile);
    }
    return new Uint8Array(await (await asPng(canvas)).arrayBuffer());
  }

  private sheet(number: number): Promise<Canvas> {
    const known = this.decoded.get(number);
    if (known) return known;
    const decoding = decodeToCanvas(this.readBlock(this.crops.blocks[number]));
    this.decoded.set(number, decoding);
    return decoding;
  }
}

function asPng(canvas: Canvas): Promise<Blob> {
  if ("convertToBlob" in canvas) return canvas.convertToBlob({ type: "image/png" });
  return new Promise((resolve, reject) => {
    canvas.toBlob((blob) => (blob ? resolve(blob) : reject(new Error("no picture"))), "image/png");
  });
}
