import { describe, expect, it } from "vitest";
import { directionsOf } from "../../src/units/directions";
import { readTurned } from "../../src/units/turned";

describe("turned examples", () => {
  const message = {
    kind: "unit_turned" as const,
    revision: 0,
    unit: 3,
    exact: true,
    side: 71,
    grey: 1,
    angles: [0, 120, 240],
    values: [5, 2, 1, 3, 4, null],
    activations: [9, 7],
    z: 2.5,
    preferred: 0,
    selectivity: 0.4,
    best: 5,
    low: 1,
    high: 3,
    tile: 64,
  };

  it("are told above the answer to grey, with their mean at each angle", () => {
    const turned = readTurned(message, null);
    expect(turned.values).toEqual([4, 1, 0, 2, 3, -1]);
    expect(turned.mean).toEqual([3, 2, -0.5]);
    expect([turned.best, turned.low, turned.high]).toEqual([4, 0, 2]);
  });

  it("say what the window leaves of the activation in the images", () => {
    expect(readTurned(message, null).kept).toBeCloseTo((4 + 2) / (8 + 6));
    expect(readTurned({ ...message, activations: [0, 1] }, null).kept).toBeNull();
  });
});

describe("answers by direction", () => {
  const map = {
    name: "edges",
    rowName: "blur",
    columnName: "direction",
    rows: ["0", "1"],
    columns: ["0", "90", "180"],
    values: [1, null, 3, 2, 5, -1],
    z: 3,
    preferred: 90,
    selectivity: 0.5,
    tuned: true,
  };

  it("are the largest of each column", () => {
    expect(directionsOf(map)).toEqual({ angles: [0, 90, 180], values: [2, 5, 3] });
  });

  it("of orientations are the same half a turn later", () => {
    const grating = { ...map, columnName: "orientation", columns: ["0", "60", "120"] };
    expect(directionsOf(grating)).toEqual({
      angles: [0, 60, 120, 180, 240, 300],
      values: [2, 5, 3, 2, 5, 3],
    });
  });

  it("are none for sets without directions", () => {
    expect(directionsOf({ ...map, columnName: "hue" })).toBeNull();
  });
});
