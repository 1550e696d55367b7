import { describe, expect, it } from "vitest";
import { Grid } from "../../src/geometry/grids";
import {
  cellsInBox,
  cellsInPolygon,
  combine,
  insidePolygon,
  moveToGrid,
  outline,
} from "../../src/geometry/selection";

const grid = new Grid({
  size: 4,
  ids: Array.from({ length: 16 }, (_, id) => id).filter((id) => id !== 10),
  counts: Array.from({ length: 15 }, () => 5),
});

describe("areas", () => {
  it("take the cells whose middle they hold, whichever way they were drawn", () => {
    expect(cellsInBox(grid, [0.1, 0.1, 0.4, 0.4])).toEqual([0, 1, 4, 5]);
    expect(cellsInBox(grid, [0.4, 0.4, 0.1, 0.1])).toEqual([0, 1, 4, 5]);
    expect(cellsInBox(grid, [0.13, 0.13, 0.37, 0.37])).toEqual([]);
    expect(cellsInBox(grid, [-5, -5, 5, 5])).toHaveLength(15); // empty cells stay out
  });

  it("may be any polygon, hollow ones too", () => {
    const triangle = [
      { x: -0.1, y: -0.1 },
      { x: 0.9, y: -0.1 },
      { x: -0.1, y: 0.9 },
    ];
    expect(cellsInPolygon(grid, triangle)).toEqual([0, 1, 2, 4, 5, 8]);
    expect(cellsInPolygon(grid, triangle.slice(0, 2))).toEqual([]);
    const u = [
      { x: 0, y: 0 },
      { x: 0.3, y: 0 },
      { x: 0.3, y: 0.7 },
      { x: 0.7, y: 0.7 },
      { x: 0.7, y: 0 },
      { x: 1, y: 0 },
      { x: 1, y: 1 },
      { x: 0, y: 1 },
    ];
    expect(insidePolygon({ x: 0.5, y: 0.3 }, u)).toBe(false);
    expect(insidePolygon({ x: 0.5, y: 0.9 }, u)).toBe(true);
  });
});

describe("selections", () => {
  it("are replaced, added to and removed from", () => {
    expect(combine([3, 1], [2], "replace")).toEqual([2]);
    expect(combine([3, 1], [2, 3], "add")).toEqual([1, 2, 3]);
    expect(combine([3, 1], [3, 9], "remove")).toEqual([1]);
  });

  it("move with the level, as far as cells exist there", () => {
    const fine = new Grid({ size: 8, ids: [0, 1, 9, 18], counts: [3, 3, 3, 3] });
    expect(moveToGrid([0], 4, fine)).toEqual([0, 1, 9]);
    expect(moveToGrid([0, 1, 9, 18], 8, grid)).toEqual([0, 5]);
    expect(moveToGrid([2, 1], 4, grid)).toEqual([2, 1]);
  });

  it("are outlined where they end", () => {
    expect(outline([5], 4)).toHaveLength(4);
    expect(outline([5, 6], 4)).toHaveLength(6);
    expect(outline([3, 4], 4)).toHaveLength(8); // ends of two rows, not neighbours
  });
});
