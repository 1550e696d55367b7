import type { Canvas, Context2D } from "./decode";
import { contextOf, decodeImage, makeCanvas } from "./decode";
import { Lru } from "./lru";
import type { KernelMessageOf } from "./messages";
import { Slices } from "./slices";

export type PictureState = "crop" | "rough" | "final";
export const STATES: readonly PictureState[] = ["crop", "rough", "final"];

/** Below this cosine a finished picture is called doubtful. */
export const DOUBTFUL_COSINE = 0.4;
/** Ranks tell something only where neighbouring cells differ: on the coarse grids. */
const RANKED_GRID = 20;

/** One message of pictures. The compressed bytes stay; decoded pixels come and go. */
interface Sheet {
  id: number;
  state: PictureState;
  bytes: Uint8Array;
  columns: number;
  tile: number;
}

interface Pixels {
  full: Canvas;
  half: Canvas;
}

export interface Picture {
  grid: number;
  cell: number;
  state: PictureState;
  cosine: number | null;
  rank: number | null;
  arrived: number;
  /** What was there before, kept only while this one fades in over it. */
  before: Picture | null;
  sheet: Sheet;
  index: number;
  slot: number;
}

export interface StateCounts {
  crop: number;
  rough: number;
  final: number;
  doubtful: number;
}

export function isDoubtful(picture: {
  state: string;
  grid: number;
  cosine: number | null;
  rank: number | null;
}): boolean {
  if (picture.state !== "final") return false;
  if (picture.cosine !== null && picture.cosine < DOUBTFUL_COSINE) return true;
  return picture.grid <= RANKED_GRID && picture.rank !== null && picture.rank > 1;
}

/** Whether a picture that arrives replaces the one that is there: never back to a lesser state. */
export function supersedes(
  arriving: { state: PictureState; sheet: number },
  present: { state: PictureState; sheet: number },
): boolean {
  const step = STATES.indexOf(arriving.state) - STATES.indexOf(present.state);
  return step > 0 || (step === 0 && arriving.sheet > present.sheet);
}

const THUMB = 16;
const PAGE = 1024;
const PER_ROW = PAGE / THUMB;
const PER_PAGE = PER_ROW * PER_ROW;
const PIXEL_BUDGET = 128 * 1024 * 1024;
const PARALLEL = 4;
/** What a picture replaced is needed no longer than it fades in (ms). */
const BEFORE_KEPT = 1000;

/**
 * Every picture that arrived, at three sizes: as sent and half of that, decoded on demand and
 * forgotten when unused for long, and 16 px of every cell, which stay. So memory is bounded
 * whatever is visited, and there is always something to draw.
 */
export class Pictures {
  private readonly grids = new Map<number, Map<number, Picture>>();
  private readonly tallies = new Map<number, StateCounts>();
  private readonly pages: Canvas[] = [];
  private slots = 0;
  private readonly pixels = new Lru<Sheet, Pixels>(PIXEL_BUDGET);
  private readonly slices = new Slices();
  private readonly waiting: Sheet[] = [];
  private readonly loading = new Set<Sheet>();
  private readonly holders = new Map<Sheet, Set<number>>();
  private running = 0;
  private epoch = 0;

  /** `onChange` hears which cells of which grid look different now. */
  constructor(private readonly onChange: (grid: number, cells: number[]) => void) {}

  get(grid: number, cell: number): Picture | undefined {
    return this.grids.get(grid)?.get(cell);
  }

  counts(grid: number): StateCounts {
    return this.tallies.get(grid) ?? { crop: 0, rough: 0, final: 0, doubtful: 0 };
  }

  clear(): void {
    this.epoch++;
    this.grids.clear();
    this.tallies.clear();
    this.pixels.clear();
    this.holders.clear();
    this.waiting.length = 0;
    this.loading.clear();
    this.pages.length = 0;
    this.slots = 0;
  }

  dispose(): void {
    this.clear();
    this.slices.stop();
  }

  /** Decodes a sheet and files its pictures; resolves once they can be drawn. */
  async receive(message: KernelMessageOf<"sheet">, bytes: Uint8Array): Promise<void> {
    const epoch = this.epoch;
    const sheet: Sheet = {
      id: message.sheet,
      state: message.state as PictureState,
      bytes,
      columns: Math.max(1, message.columns),
      tile: message.tile,
    };
    const pixels = await this.decode(sheet);
    if (epoch !== this.epoch) return;
    this.pixels.set(sheet, pixels, costOf(pixels));
    await new Promise<void>((resolve) =>
      this.slices.add(() => {
        if (epoch === this.epoch) this.file(sheet, pixels, message);
        resolve();
      }),
    );
  }

  private file(sheet: Sheet, pixels: Pixels, message: KernelMessageOf<"sheet">): void {
    const { grid } = message;
    const cells = this.grids.get(grid) ?? new Map<number, Picture>();
    this.grids.set(grid, cells);
    const tally = this.tallies.get(grid) ?? { crop: 0, rough: 0, final: 0, doubtful: 0 };
    this.tallies.set(grid, tally);
    const quarter = shrink(pixels.half);
    const arrived = performance.now();
    const changed: number[] = [];
    const held = new Set<number>();
    message.cells.forEach((cell, index) => {
      const before = cells.get(cell);
      const present = before && { state: before.state, sheet: before.sheet.id };
      if (present && !supersedes({ state: sheet.state, sheet: sheet.id }, present)) return;
      const picture: Picture = {
        grid,
        cell,
        state: sheet.state,
        cosine: message.cosine[index] ?? null,
        rank: message.rank[index] ?? null,
        arrived,
        before: before ?? null,
        sheet,
        index,
        slot: before?.slot ?? this.slots++,
      };
      if (before) {
        before.before = null; // no chains of what nobody sees any more
        this.holders.get(before.sheet)?.delete(cell);
        tally[before.state]--;
        if (isDoubtful(before)) tally.doubtful--;
      }
      tally[picture.state]++;
      if (isDoubtful(picture)) tally.doubtful++;
      cells.set(cell, picture);
      held.add(cell);
      changed.push(cell);
      this.storeThumb(picture, quarter, sheet);
    });
    this.holders.set(sheet, held);
    setTimeout(() => {
      for (const cell of held) {
        const picture = cells.get(cell);
        if (picture?.sheet === sheet) picture.before = null;
      }
    }, BEFORE_KEPT);
    if (changed.length > 0) this.onChange(grid, changed);
  }

  private storeThumb(picture: Picture, quarter: Canvas, sheet: Sheet): void {
    const page = Math.floor(picture.slot / PER_PAGE);
    this.pages[page] ??= makeCanvas(PAGE, PAGE);
    const [x, y] = slotPosition(picture.slot);
    const side = sheet.tile / 4;
    const sx = (picture.index % sheet.columns) * side;
    const sy = Math.floor(picture.index / sheet.columns) * side;
    const context = contextOf(this.pages[page]);
    context.imageSmoothingQuality = "medium";
    context.drawImage(quarter, sx, sy, side, side, x, y, THUMB, THUMB);
  }

  /**
   * Draws a picture, or the part of it given in fractions, into a square of `size` target pixels.
   * Takes the smallest copy that is large enough; where that is not decoded, draws a smaller one
   * now and asks for it.
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
    const wanted = size / part.side;
    let source: Canvas | undefined;
    let side = 0;
    let left = 0;
    let top = 0;
    if (wanted > THUMB * 1.25) {
      const pixels = this.pixels.get(sheet);
      if (pixels) {
        const half = wanted <= (sheet.tile / 2) * 1.25;
        source = half ? pixels.half : pixels.full;
        side = half ? sheet.tile / 2 : sheet.tile;
        left = (picture.index % sheet.columns) * side;
        top = Math.floor(picture.index / sheet.columns) * side;
      } else {
        this.request(sheet);
      }
    }
    if (!source) {
      source = this.pages[Math.floor(picture.slot / PER_PAGE)];
      if (!source) return;
      side = THUMB;
      [left, top] = slotPosition(picture.slot);
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

  private request(sheet: Sheet): void {
    if (this.loading.has(sheet)) return;
    this.loading.add(sheet);
    // The latest wish first: it is what is in view now.
    this.waiting.unshift(sheet);
    this.pump();
  }

  private pump(): void {
    while (this.running < PARALLEL && this.waiting.length > 0) {
      const sheet = this.waiting.shift()!;
      const epoch = this.epoch;
      this.running++;
      this.decode(sheet)
        .then((pixels) => {
          if (epoch !== this.epoch) return;
          this.pixels.set(sheet, pixels, costOf(pixels));
          this.slices.add(() => {
            const cells = [...(this.holders.get(sheet) ?? [])];
            if (epoch !== this.epoch || cells.length === 0) return;
            const grid = this.gridOf(sheet, cells[0]);
            if (grid !== null) this.onChange(grid, cells);
          });
        })
        .catch(() => {})
        .finally(() => {
          this.running--;
          this.loading.delete(sheet);
          this.pump();
        });
    }
  }

  private gridOf(sheet: Sheet, cell: number): number | null {
    for (const [grid, cells] of this.grids) if (cells.get(cell)?.sheet === sheet) return grid;
    return null;
  }

  private async decode(sheet: Sheet): Promise<Pixels> {
    const decoded = await decodeImage(sheet.bytes);
    try {
      const full = makeCanvas(decoded.width, decoded.height);
      const context = contextOf(full);
      context.drawImage(decoded.source, 0, 0);
      if (sheet.state === "crop") mute(context, full);
      return { full, half: shrink(full) };
    } finally {
      decoded.close();
    }
  }
}

const WHOLE = { x: 0, y: 0, side: 1 };

function slotPosition(slot: number): [number, number] {
  const inPage = slot % PER_PAGE;
  return [(inPage % PER_ROW) * THUMB, Math.floor(inPage / PER_ROW) * THUMB];
}

function costOf(pixels: Pixels): number {
  return pixels.full.width * pixels.full.height * 5;
}

/** Half the size; exact 2 by 2 averages, so that no picture bleeds into its neighbour. */
function shrink(canvas: Canvas): Canvas {
  const small = makeCanvas(
    Math.max(1, Math.floor(canvas.width / 2)),
    Math.max(1, Math.floor(canvas.height / 2)),
  );
  const context = contextOf(small);
  context.imageSmoothingQuality = "low";
  context.drawImage(
    canvas,
    0,
    0,
    small.width * 2,
    small.height * 2,
    0,
    0,
    small.width,
    small.height,
  );
  return small;
}

/** Real crops lose much of their colour, so that nobody takes them for what the layer sees. */
function mute(context: Context2D, canvas: Canvas): void {
  context.globalCompositeOperation = "saturation";
  context.globalAlpha = 0.72;
  context.fillStyle = "#808080";
  context.fillRect(0, 0, canvas.width, canvas.height);
  context.globalCompositeOperation = "source-over";
  context.globalAlpha = 1;
}
