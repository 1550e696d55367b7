import { describe, expect, it } from "vitest";
import { readLayers, readUnit } from "../../src/store/traits";

describe("the traits that Python sets", () => {
  it("name layers, of which those that are no blocks are listed later", () => {
    expect(
      readLayers([
        "stem",
        { name: "block", type: "Bottleneck", block: true },
        { name: "block.relu", type: "ReLU", block: false },
        { type: "nameless" },
      ]),
    ).toEqual([
      { name: "stem", type: "", block: true },
      { name: "block", type: "Bottleneck", block: true },
      { name: "block.relu", type: "ReLU", block: false },
    ]);
    expect(readLayers("evil")).toEqual([]);
  });

  it("name a unit by a whole number", () => {
    expect([17, 0, null, -1, 1.5, "17"].map(readUnit)).toEqual([17, 0, null, null, null, null]);
  });
});
