import { describe, expect, it } from "vitest";
import { gridsIn } from "../../src/components/image/LayerGrids";

describe("the grids of layers", () => {
  it("are as large as they can be with all in sight", () => {
    const wide = gridsIn(4, 1200, 400);
    expect(wide.columns).toBe(4);
    expect(wide.side).toBeLessThanOrEqual(1200 / 4);
    const square = gridsIn(4, 640, 640);
    expect(square.columns).toBe(2);
    expect(2 * square.side).toBeLessThanOrEqual(640);
  });

  it("are large enough to be seen in a low view, which scrolls", () => {
    expect(gridsIn(5, 640, 100).side).toBeGreaterThanOrEqual(118);
    expect(gridsIn(1, 320, 0).side).toBe(150);
  });
});
