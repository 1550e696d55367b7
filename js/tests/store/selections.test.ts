import { describe, expect, it } from "vitest";
import { type Selection, Selections } from "../../src/store/selections";

function begin(cells: number[] = []) {
  const told: Selection[] = [];
  const selections = new Selections({ grid: 20, cells }, (selection) => told.push(selection));
  return { selections, told };
}

describe("undo of selections", () => {
  it("brings back cells and their grid, and tells the kernel once a step", () => {
    const { selections, told } = begin();
    selections.choose({ grid: 20, cells: [1, 2] });
    selections.choose({ grid: 40, cells: [7] });
    expect(selections.undo()).toBe(true);
    expect(selections.now.value).toEqual({ grid: 20, cells: [1, 2] });
    expect(selections.undo()).toBe(true);
    expect(selections.undo()).toBe(false);
    expect(selections.redo()).toBe(true);
    expect(told.map(({ cells }) => cells)).toEqual([[1, 2], [7], [1, 2], [], [1, 2]]);
  });

  it("undoes what Python selected, without having told Python of it", () => {
    const { selections, told } = begin([3]);
    selections.follow({ grid: 20, cells: [4] });
    expect(told).toEqual([]);
    selections.undo();
    expect(told).toEqual([{ grid: 20, cells: [3] }]);
  });

  it("takes another grid without a selection for no change", () => {
    const { selections } = begin();
    selections.onGrid(40);
    selections.choose({ grid: 80, cells: [] });
    expect(selections.canUndo.value).toBe(false);
  });

  it("forgets cells of another layout", () => {
    const { selections } = begin();
    selections.choose({ grid: 20, cells: [1] });
    selections.forget();
    expect(selections.now.value.cells).toEqual([]);
    expect(selections.undo()).toBe(false);
    selections.follow({ grid: 20, cells: [] });
    expect(selections.canUndo.value).toBe(false);
  });
});
