import { describe, expect, it } from "vitest";
import { childrenOf, divides, Grid, parentOf } from "../../src/geometry/grids";

const cross = new Grid({ size: 4, ids: [1, 4, 5, 6, 9], counts: [10, 10, 40, 1, 10] });

describe("a grid", () => {
  it("knows its cells and ignores ids that cannot be", () => {
    const odd = new Grid({ size: 4, ids: [3, 99, -1], counts: [2, 2, 2] });
    expect(Array.from(odd.ids)).toEqual([3]);
    expect(odd.has(3)).toBe(true);
    expect(odd.has(99)).toBe(false);
    expect(cross.bounds).toEqual([0, 0, 0.75, 0.75]);
  });

  it("lists the cells of a box, with a ring around it", () => {
    expect(cross.inBox([0.25, 0.25, 0.5, 0.5])).toEqual([5]);
    expect(cross.inBox([0.25, 0.25, 0.5, 0.5], 1)).toEqual([1, 4, 5, 6, 9]);
    expect(cross.countInBox([0, 0, 1, 1])).toBe(5);
  });

  it("makes cells with few samples smaller, never too small to read", () => {
    expect(cross.side(5)).toBe(1);
    expect(cross.side(1)).toBe(1); // the median
    expect(cross.side(6)).toBeLessThan(0.85);
    expect(cross.side(6)).toBeGreaterThan(0.6);
  });

  it("moves to the next cell in a direction", () => {
    expect(cross.neighbour(5, 0, 1)).toBe(6);
    expect(cross.neighbour(5, -1, 0)).toBe(1);
    expect(cross.neighbour(6, 0, 1)).toBe(-1);
    expect(cross.neighbour(1, 0, 1)).toBe(6); // aslant, as nothing lies ahead
    expect(cross.nearest(0.9, 0.4)).toBe(6);
  });
});

describe("grids that divide each other", () => {
  it("have parents and children that agree", () => {
    for (const child of childrenOf(23, 20, 80)) expect(parentOf(child, 80, 20)).toBe(23);
    expect(childrenOf(23, 20, 80)).toHaveLength(16);
    expect(divides(20, 80)).toBe(true);
    expect(divides(20, 50)).toBe(false);
    expect(divides(20, 20)).toBe(false);
  });
});
