import { describe, expect, it } from "vitest";
import { readCues } from "../../src/causes/cues";

describe("cues", () => {
  it("keep what could not be measured apart from zero", () => {
    const report = readCues({
      kind: "cues",
      request: 1,
      grid: 10,
      candidates: 5,
      samples: 300,
      cells: [17, 4],
      argue_for: ["cat", "moped"],
      seen_in: ["moped", "cat"],
      counts: [9, 3],
      influence: [0.4, 0.1],
      predicted: [0, null],
      measured: [0, null],
      images: [12, 0],
      flips: [0, null],
      noise: [0, null],
      confirmed: [1, 0],
      notices: [],
      tile: 64,
      columns: 6,
    });
    expect(report.cues[0]).toMatchObject({ measured: 0, flips: 0, confirmed: true });
    expect(report.cues[1]).toMatchObject({ measured: null, flips: null, confirmed: false });
  });
});
