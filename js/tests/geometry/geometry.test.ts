import { describe, expect, it } from "vitest";
import {
  type Box,
  boxOfCells,
  cellAt,
  cellRange,
  constrainCamera,
  fitCamera,
  fromCentre,
  placeBeside,
  recentre,
  toAtlas,
  viewportOf,
} from "../../src/geometry/geometry";

const SIZE = { width: 800, height: 400 };

describe("the camera", () => {
  it("fits a box in the middle, its longer side against the margin", () => {
    const camera = fitCamera([0, 0, 1, 1], SIZE, 20);
    expect(camera.k).toBe(360);
    const [x0, y0, x1, y1] = viewportOf(camera, SIZE);
    expect((x0 + x1) / 2).toBeCloseTo(0.5);
    expect((y0 + y1) / 2).toBeCloseTo(0.5);
    expect(y0).toBeCloseTo(-20 / 360);
  });

  it("shows what a viewport asks for", () => {
    const wanted: Box = [0.2, 0.3, 0.6, 0.5];
    const seen = viewportOf(fitCamera(wanted, SIZE), SIZE);
    seen.forEach((value, at) => {
      expect(value).toBeCloseTo(wanted[at]);
    });
  });

  it("keeps its middle over the atlas", () => {
    const lost = { k: 400, x: 5000, y: -9000 };
    const camera = constrainCamera(lost, SIZE, [0, 0, 1, 1]);
    const middle = toAtlas(camera, { x: 400, y: 200 });
    expect(middle.x).toBeCloseTo(0);
    expect(middle.y).toBeCloseTo(1);
    const fine = fitCamera([0, 0, 1, 1], SIZE);
    expect(constrainCamera(fine, SIZE, [0, 0, 1, 1])).toEqual(fine);
  });

  it("keeps its middle and scale when the view is resized", () => {
    const camera = { k: 700, x: -33, y: 12 };
    const after = { width: 500, height: 900 };
    const moved = recentre(camera, SIZE, after);
    const before = toAtlas(camera, { x: 400, y: 200 });
    const now = toAtlas(moved, { x: 250, y: 450 });
    expect(moved.k).toBe(700);
    expect(now.x).toBeCloseTo(before.x);
    expect(now.y).toBeCloseTo(before.y);
  });
});

describe("cells", () => {
  it("are hit half-open, and nowhere outside the square", () => {
    expect(cellAt({ x: 0, y: 0 }, 20)).toBe(0);
    expect(cellAt({ x: 0.05, y: 0 }, 20)).toBe(1);
    expect(cellAt({ x: 0.999, y: 0.999 }, 20)).toBe(399);
    expect(cellAt({ x: 1, y: 0.5 }, 20)).toBe(-1);
    expect(cellAt({ x: 0.5, y: -0.01 }, 20)).toBe(-1);
  });

  it("in view are those the box touches with more than a border", () => {
    expect(cellRange([0.25, 0.25, 0.5, 0.5], 4)).toEqual({ row0: 1, row1: 1, col0: 1, col1: 1 });
    expect(cellRange([0.25, 0.25, 0.5, 0.5], 4, 1)).toEqual({ row0: 0, row1: 2, col0: 0, col1: 2 });
    expect(cellRange([-3, -3, 9, 9], 4)).toEqual({ row0: 0, row1: 3, col0: 0, col1: 3 });
    const outside = cellRange([1.2, 0, 1.5, 1], 4);
    expect(outside.col1 < outside.col0).toBe(true);
  });

  it("are ordered from the middle of the view", () => {
    const cells = [0, 5, 10, 15, 3];
    const ordered = fromCentre(cells, 4, [0, 0, 0.5, 0.5]);
    expect(ordered.slice(0, 2)).toEqual([0, 5]);
    expect(ordered.at(-1)).toBe(15);
    expect(cells).toEqual([0, 5, 10, 15, 3]); // not sorted in place
  });

  it("of which there are thousands come in blocks, so that neighbours share a sheet", () => {
    const cells = Array.from({ length: 80 * 80 }, (_, cell) => cell);
    const ordered = fromCentre(cells, 80, [0, 0, 1, 1]);
    expect([...ordered].sort((a, b) => a - b)).toEqual(cells);
    for (let at = 0; at < ordered.length; at += 64) {
      const box = boxOfCells(ordered.slice(at, at + 64), 80)!;
      expect(Math.max(box[2] - box[0], box[3] - box[1]) * 80).toBeCloseTo(8);
    }
    const far = (cell: number) => Math.hypot((cell % 80) - 39.5, Math.floor(cell / 80) - 39.5);
    expect(far(ordered[0])).toBeLessThan(12);
    expect(far(ordered.at(-1)!)).toBeGreaterThan(44);
  });

  it("have a box around them", () => {
    expect(boxOfCells([0, 5], 4)).toEqual([0, 0, 0.5, 0.5]);
    expect(boxOfCells([], 4)).toBeNull();
  });
});

describe("a card", () => {
  const card = { width: 200, height: 150 };
  const overlaps = (at: { x: number; y: number }, anchor: Box) =>
    at.x < anchor[2] &&
    at.x + card.width > anchor[0] &&
    at.y < anchor[3] &&
    at.y + card.height > anchor[1];

  it("never leaves the stage nor covers its cell, wherever that is", () => {
    for (let x = -20; x < 800; x += 37) {
      for (let y = -20; y < 400; y += 29) {
        const anchor: Box = [x, y, x + 30, y + 30];
        const at = placeBeside(anchor, card, SIZE);
        expect(at.x).toBeGreaterThanOrEqual(0);
        expect(at.y).toBeGreaterThanOrEqual(0);
        expect(at.x + card.width).toBeLessThanOrEqual(SIZE.width);
        expect(at.y + card.height).toBeLessThanOrEqual(SIZE.height);
        expect(overlaps(at, anchor)).toBe(false);
      }
    }
  });

  it("stays in the stage beside a cell that fills it", () => {
    const at = placeBeside([0, 0, 800, 400], card, SIZE);
    expect(at.x + card.width).toBeLessThanOrEqual(SIZE.width);
    expect(at.x).toBeGreaterThanOrEqual(0);
  });
});
