import { describe, expect, it } from "vitest";
import { pinsOf } from "../../src/geometry/pins";

const at = (x: number, y: number, cosine: number) => ({ x, y, cosine });

describe("the pins of a photo", () => {
  it("are one for each cell, of the position most like a sample first", () => {
    const positions = [at(0.1, 0.1, 0.4), at(0.2, 0.3, 0.9), at(0.9, 0.6, 0.5)];
    const pins = pinsOf(positions, 2);
    expect(pins.map(({ cell, positions: own }) => [cell, own])).toEqual([
      [0, [1, 0]],
      [3, [2]],
    ]);
    expect(pins[0].x).toBeCloseTo(0.15);
    expect(pins[0].y).toBeCloseTo(0.2);
  });

  it("are apart in a finer grid, and within the map at its rim", () => {
    expect(pinsOf([at(0.1, 0.1, 1), at(0.2, 0.3, 1)], 8)).toHaveLength(2);
    expect(pinsOf([at(1, 1, 1)], 4)[0].cell).toBe(15);
  });
});
