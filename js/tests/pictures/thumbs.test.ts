import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { Thumbs } from "../../src/pictures/thumbs";
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

describe("the thumbnails of a grid", () => {
  beforeEach(() => vi.stubGlobal("OffscreenCanvas", Canvas));
  afterEach(() => vi.unstubAllGlobals());

  const fill = (grid: number) => {
    const thumbs = new Thumbs();
    const source = {} as CanvasImageSource;
    for (let cell = 0; cell < grid * grid; cell++) thumbs.put(grid, cell, source, 0, 0, 8);
    return thumbs;
  };

  it("take 256 bytes a cell and never more", () => {
    const thumbs = fill(160);
    expect(thumbs.bytes).toBeLessThanOrEqual(192 * 192 * 256);
    const before = thumbs.bytes;
    thumbs.put(160, 7, {} as CanvasImageSource, 0, 0, 8);
    expect(thumbs.bytes).toBe(before);
    expect(fill(20).bytes).toBe(20 * 20 * 256);
  });

  it("lie where they are found, each at a place of its own", () => {
    const thumbs = fill(80);
    const places = new Set<string>();
    const pages = new Map<unknown, number>();
    for (let cell = 0; cell < 80 * 80; cell++) {
      const { canvas, x, y } = thumbs.find(80, cell)!;
      pages.set(canvas, pages.get(canvas) ?? pages.size);
      places.add(`${pages.get(canvas)}/${x}/${y}`);
    }
    expect(places.size).toBe(80 * 80);
    expect(thumbs.find(40, 0)).toBeNull();
  });

  it("are drawn as one picture without gaps, whatever block is asked for", () => {
    const thumbs = fill(160);
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
