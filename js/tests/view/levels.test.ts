import { describe, expect, it } from "vitest";
import { Grid } from "../../src/geometry/grids";
import { chooseLevel, MIN_CELL } from "../../src/view/levels";

const full = (size: number) =>
  new Grid({
    size,
    ids: Array.from({ length: size * size }, (_, id) => id),
    counts: Array.from({ length: size * size }, () => 9),
  });
const GRIDS = [full(20), full(40), full(80)];
const SIZE = { width: 600, height: 600 };
/** The camera at which a grid's cells have a given side, in the middle of the atlas. */
const camera = (grid: number, side: number) => {
  const k = grid * side;
  return { k, x: 300 - k / 2, y: 300 - k / 2 };
};

describe("the level", () => {
  it("is the coarsest from afar and a finer one once its cells are large enough", () => {
    expect(chooseLevel(GRIDS, camera(20, 30), SIZE, null)).toBe(20);
    expect(chooseLevel(GRIDS, camera(40, MIN_CELL + 1), SIZE, 20)).toBe(40);
    expect(chooseLevel(GRIDS, camera(80, MIN_CELL + 1), SIZE, 40)).toBe(80);
    expect(chooseLevel([], camera(20, 30), SIZE, null)).toBeNull();
  });

  it("does not flicker at the border", () => {
    const border = camera(40, MIN_CELL * 0.9);
    expect(chooseLevel(GRIDS, border, SIZE, 20)).toBe(20);
    expect(chooseLevel(GRIDS, border, SIZE, 40)).toBe(40);
    expect(chooseLevel(GRIDS, camera(40, MIN_CELL * 0.7), SIZE, 40)).toBe(20);
  });

  it("stays where the finer grid has fewer cells in view than the coarser", () => {
    const sparse = new Grid({ size: 40, ids: [820], counts: [9] });
    expect(chooseLevel([full(20), sparse], camera(40, 60), SIZE, 20)).toBe(20);
    expect(
      chooseLevel(
        [full(20), new Grid({ size: 40, ids: [], counts: [] })],
        camera(40, 60),
        SIZE,
        20,
      ),
    ).toBe(20);
  });
});
