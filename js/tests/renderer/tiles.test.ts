import { describe, expect, it } from "vitest";
import { Grid } from "../../src/geometry/grids";
import { Pace } from "../../src/renderer/pace";
import { markStale, type Tile } from "../../src/renderer/tile";
import { fromMiddle, levelOf, TILE, tilePlace, tileRange } from "../../src/renderer/tile_level";

describe("the level of tiles", () => {
  it("is hardly enlarged, shrunk to half at most, and no finer than the pictures", () => {
    for (let slot = 2.3; slot < 200; slot *= 1.07) {
      const level = levelOf(slot);
      if (slot < 64) expect(slot / level).toBeLessThanOrEqual(1.1);
      expect(slot / level).toBeGreaterThan(0.54);
      expect(level).toBeLessThanOrEqual(64);
    }
  });
});

describe("the tiles of a grid", () => {
  it("hold every cell exactly once", () => {
    const seen = new Set<number>();
    for (let ty = 0; ty < 3; ty++) {
      for (let tx = 0; tx < 3; tx++) {
        const { col0, row0, cols, rows } = tilePlace(160, 8, tx, ty);
        for (let row = row0; row < row0 + rows; row++) {
          for (let col = col0; col < col0 + cols; col++) seen.add(row * 160 + col);
        }
      }
    }
    expect(seen.size).toBe(160 * 160);
    expect(tilePlace(160, 8, 2, 0)).toEqual({ col0: 128, row0: 0, cols: 32, rows: 64 });
  });

  it("in view are those that touch the stage", () => {
    const stage = { left: -1000, top: 30, width: 800, height: 600 };
    // 32 cells of 10 px a tile: 320 px.
    const range = tileRange(160, 16, 10, stage);
    expect(range).toEqual({ x0: 3, x1: 4, y0: 0, y1: 1 });
    const far = tileRange(160, 16, 10, { ...stage, left: 5000 });
    expect(far.x1).toBeLessThan(far.x0);
    expect(fromMiddle(far)).toEqual([]);
  });

  it("are taken from the middle outwards", () => {
    const order = fromMiddle({ x0: 0, x1: 4, y0: 0, y1: 2 });
    expect(order[0]).toEqual([2, 1]);
    expect(order).toHaveLength(15);
  });
});

describe("a changed picture", () => {
  const grid = new Grid({
    size: 40,
    ids: Array.from({ length: 1600 }, (_, id) => id),
    counts: Array(1600).fill(9),
  });
  const tile = (tx: number, ty: number): Tile =>
    ({ ...tilePlace(40, 32, tx, ty), grid, level: 32, stale: new Set() }) as unknown as Tile;

  it("is drawn again in its own tile", () => {
    const [first, second] = [tile(0, 0), tile(1, 0)];
    for (const one of [first, second]) markStale(one, 40, [TILE / 32]);
    expect(first.stale).toEqual(new Set());
    expect(second.stale).toEqual(new Set([16]));
  });

  it("is drawn again where it stands in for cells of a finer grid", () => {
    const one = tile(0, 0);
    markStale(one, 20, [1]);
    expect(one.stale).toEqual(new Set([2, 3, 42, 43]));
    markStale(one, 30, [2]); // does not divide the grid
    markStale(one, 80, [900]); // a finer one stands in for nothing
    expect(one.stale.size).toBe(4);
  });
});

describe("the pace of composing", () => {
  it("slackens after long frames and quickens again, within bounds", () => {
    const pace = new Pace();
    const before = pace.quota;
    const frame = (spent: number, took: number) => {
      pace.spend(spent);
      pace.frameTook(took);
    };
    frame(before, 30);
    expect(pace.quota).toBeLessThan(before);
    for (let i = 0; i < 50; i++) frame(pace.quota, 40);
    const slowest = pace.quota;
    expect(slowest).toBeGreaterThan(0);
    for (let i = 0; i < 5; i++) frame(pace.quota, 4);
    expect(pace.quota).toBeGreaterThan(slowest);
    for (let i = 0; i < 200; i++) frame(pace.quota, 4);
    expect(pace.quota).toBeLessThan(10_000);
  });

  it("learns nothing from frames that composed nothing", () => {
    const pace = new Pace();
    const before = pace.quota;
    pace.frameTook(80);
    expect(pace.quota).toBe(before);
  });
});
