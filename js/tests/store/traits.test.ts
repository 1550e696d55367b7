import { describe, expect, it } from "vitest";
import { readLayers, readUnit } from "../../src/store/traits";

describe("the traits that Python sets", () => {
  it("name layers, of which those that are no blocks are listed later", () => {
    expect(
      readLayers([
        "stem",
        { name: "block", type: "Bottleneck", block: true, shape: [64, 56, 56] },
        { name: "block.relu", type: "ReLU", block: false, shape: ["evil"] },
        { type: "nameless" },
      ]),
    ).toEqual([
      { name: "stem", type: "", block: true, shape: null },
      { name: "block", type: "Bottleneck", block: true, shape: [64, 56, 56] },
      { name: "block.relu", type: "ReLU", block: false, shape: null },
    ]);
    expect(readLayers("evil")).toEqual([]);
  });

  it("name a unit by a whole number", () => {
    expect([17, 0, null, -1, 1.5, "17"].map(readUnit)).toEqual([17, 0, null, null, null, null]);
  });
});
