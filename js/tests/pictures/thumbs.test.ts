import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { Thumb } from "../../src/pictures/picture";
import { Thumbs } from "../../src/pictures/thumbs";
import { cellKey, parseKey } from "../../src/protocol/picture_key";
import type { Context2D } from "../../src/util/decode";

type Draw = [source: unknown, ...numbers: number[]];

/** Notes what is drawn; its own canvas is what it was made for. */
class Canvas {
  readonly draws: Draw[] = [];
  constructor(
    readonly width: number,
    readonly height: number,
  ) {}
  getContext() {
    return { drawImage: (...draw: Draw) => this.draws.push(draw) };
  }
}

/** At how many places these are. */
function distinct(places: readonly Thumb[]): number {
  const pages = [...new Set(places.map(({ canvas }) => canvas))];
  return new Set(places.map(({ canvas, x, y }) => `${pages.indexOf(canvas)}/${x}/${y}`)).size;
}

describe("the thumbnails of a grid", () => {
  beforeEach(() => vi.stubGlobal("OffscreenCanvas", Canvas));
  afterEach(() => vi.unstubAllGlobals());

  const fill = (grid: number) => {
    const thumbs = new Thumbs();
    const source = {} as CanvasImageSource;
    const places: Thumb[] = [];
    for (let cell = 0; cell < grid * grid; cell++)
      places.push(thumbs.put(cellKey(grid, cell), source, 0, 0, 8));
    return { thumbs, places };
  };

  it("take 256 bytes a cell and never more", () => {
    const { thumbs } = fill(160);
    expect(thumbs.bytes).toBeLessThanOrEqual(192 * 192 * 256);
    const before = thumbs.bytes;
    thumbs.put(cellKey(160, 7), {} as CanvasImageSource, 0, 0, 8);
    expect(thumbs.bytes).toBe(before);
    expect(fill(20).thumbs.bytes).toBe(20 * 20 * 256);
  });

  it("lie where they are found, each at a place of its own", () => {
    const { thumbs, places } = fill(80);
    expect(distinct(places)).toBe(80 * 80);
    // A picture that comes again lies where it did.
    expect(thumbs.put(cellKey(80, 7), {} as CanvasImageSource, 0, 0, 8)).toEqual(places[7]);
  });

  it("have a place too where they are of something else than cells", () => {
    const thumbs = new Thumbs();
    const source = {} as CanvasImageSource;
    const keys = [7, 9, 123_456].map((number) => parseKey(`unit:layer3:${number}`)!);
    const places = keys.map((key) => thumbs.put(key, source, 0, 0, 8));
    expect(distinct(places)).toBe(3);
    expect(thumbs.put(keys[1], source, 0, 0, 8)).toEqual(places[1]);
    expect(thumbs.bytes).toBe(512 * 512 * 4);
  });

  it("are drawn as one picture without gaps, whatever block is asked for", () => {
    const { thumbs } = fill(160);
    const target = new Canvas(1, 1);
    const block = { col0: 50, row0: 60, cols: 100, rows: 20 };
    thumbs.draw(target.getContext() as unknown as Context2D, 160, block, 10, 20, 200, 40);
    let area = 0;
    for (const [, sx, sy, sw, sh, x, y, w, h] of target.draws) {
      expect([sx, sy, sx + sw, sy + sh].every((edge) => edge >= 0 && edge <= 512)).toBe(true);
      expect([w / sw, h / sh]).toEqual([2 / 8, 2 / 8]);
      expect(x).toBeGreaterThanOrEqual(10);
      expect(y + h).toBeLessThanOrEqual(60);
      area += w * h;
    }
    expect(area).toBe(200 * 40);
  });
});
