import { describe, expect, it } from "vitest";
import {
  cellGroup,
  cellKey,
  cellKeys,
  cellOf,
  cellsByGrid,
  gridOf,
  groupOf,
  parseKey,
} from "../../src/protocol/picture_key";

describe("the name of a picture", () => {
  it("says which cell it is of, and with which others it is shown", () => {
    const key = cellKey(20, 113);
    expect(key).toBe("cell:20:113");
    expect(cellOf(key)).toEqual({ grid: 20, cell: 113 });
    expect(groupOf(key)).toBe(cellGroup(20));
    expect(gridOf(cellGroup(20))).toBe(20);
  });

  it("may be of something else, which is no cell", () => {
    const unit = parseKey("unit:blocks.3.mlp:17")!;
    expect(cellOf(unit)).toBeNull();
    expect(groupOf(unit)).toBe("unit:blocks.3.mlp");
    expect(gridOf(groupOf(unit))).toBeNull();
  });

  it.each(["", "cell", "cell:20:", "cell:20:-1", "cell::3", "20:113", "cell:20:1.5"])(
    "is refused otherwise: %j",
    (text) => expect(parseKey(text)).toBeNull(),
  );

  it("is taken apart again by grid, for messages that name cells", () => {
    const keys = [...cellKeys(20, [3, 1]), parseKey("unit:a:3")!, ...cellKeys(40, [3])];
    expect([...cellsByGrid(keys)]).toEqual([
      [20, [3, 1]],
      [40, [3]],
    ]);
  });
});
