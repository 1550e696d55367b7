import { Pictures } from "../pictures";
import type { BrowserMessage, KernelMessageOf } from "../protocol/messages";
import type { Handlers, Part } from "../protocol/parts";
import { cellGroup, cellKey, cellKeys, cellOf, type PictureKey } from "../protocol/picture_key";
import { MAX_TILES } from "../protocol/shared";

const PARALLEL = 2;
/** A request without an answer for this long (ms) no longer holds others up. */
const RETRY_AFTER = 4000;
const BOUNDS = { decoded: 48 * 2 ** 20, compressed: 24 * 2 ** 20 };

interface Request {
  grid: number;
  cells: Set<number>;
  timer: ReturnType<typeof setTimeout>;
}

/**
 * The nearest real crop of each cell in view, whatever picture the cell has: asked for only while
 * somebody looks at crops, a sheet at a time, and forgotten afterwards.
 */
export class RealCrops implements Part {
  readonly handles: Handlers = {
    real_crops: (message, bytes) => this.receive(message, bytes),
  };
  readonly pictures: Pictures;
  /** The crops that each view lacks; the view that moved last comes first. */
  private readonly wanted = new Map<object, { grid: number; cells: Set<number> }>();
  private readonly requests = new Set<Request>();
  /** The answers that are being decoded. */
  private readonly arriving = new Set<KernelMessageOf<"real_crops">>();
  private sheets = 0;

  constructor(
    private readonly send: (message: BrowserMessage) => void,
    onChange: (keys: PictureKey[]) => void,
  ) {
    const again = (key: PictureKey) => {
      const place = cellOf(key);
      for (const want of this.wanted.values()) {
        if (place && want.grid === place.grid) want.cells.add(place.cell);
      }
      this.pump();
    };
    this.pictures = new Pictures(onChange, again, BOUNDS, false);
  }

  /** Asks for those of a view's cells that are not here, in this order. */
  want(view: object, grid: number, cells: readonly number[]): void {
    const underWay = this.underWay(grid);
    const missing = cells.filter(
      (cell) => !this.pictures.get(cellKey(grid, cell)) && !underWay.has(cell),
    );
    this.wanted.delete(view);
    this.wanted.set(view, { grid, cells: new Set(missing) });
    this.pump();
  }

  /** A view wants no crops any more; after the last one all are forgotten. */
  forget(view: object): void {
    if (this.wanted.delete(view) && this.wanted.size === 0) this.clear();
  }

  private underWay(grid: number): Set<number> {
    const cells = new Set<number>();
    for (const sheet of [...this.requests, ...this.arriving]) {
      if (sheet.grid === grid) for (const cell of sheet.cells) cells.add(cell);
    }
    return cells;
  }

  receive(message: KernelMessageOf<"real_crops">, bytes: Uint8Array | undefined): void {
    for (const request of this.requests) {
      if (request.grid === message.grid && request.cells.has(message.cells[0])) this.end(request);
    }
    if (bytes) {
      const { grid, cells, tile, columns } = message;
      const [group, keys] = [cellGroup(grid), cellKeys(grid, cells)];
      const crops = { id: this.sheets++, state: "crop" as const, cosine: [], rank: [] };
      this.arriving.add(message);
      void this.pictures
        .receive({ ...crops, group, keys, tile, columns }, bytes)
        .catch(() => console.warn("[atlas_widget] real crops could not be decoded"))
        .finally(() => this.arriving.delete(message));
    }
    this.pump();
  }

  /** There is another layout. */
  clear(): void {
    for (const request of this.requests) this.end(request);
    this.wanted.clear();
    this.pictures.clear();
  }

  dispose(): void {
    this.clear();
    this.pictures.dispose();
  }

  private pump(): void {
    for (const { grid, cells } of [...this.wanted.values()].reverse()) {
      while (this.requests.size < PARALLEL && cells.size > 0) {
        const some = [...cells].slice(0, MAX_TILES);
        for (const cell of some) cells.delete(cell);
        const timer = setTimeout(() => {
          this.end(request);
          this.pump();
        }, RETRY_AFTER);
        const request: Request = { grid, cells: new Set(some), timer };
        this.requests.add(request);
        this.send({ kind: "real_crops", grid, cells: some });
      }
    }
  }

  private end(request: Request): void {
    clearTimeout(request.timer);
    this.requests.delete(request);
  }
}
