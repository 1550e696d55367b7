import { describe, expect, it } from "vitest";
import {
  type CausalTest,
  describeMeaning,
  describeNumbers,
  meanChanges,
  rangeOf,
  readCausalTest,
  ticksOf,
} from "../../src/causes/causal_test";
import { TEST } from "./causal_test_message";

describe("a test of a cause", () => {
  const test = readCausalTest(TEST);
  const with_ = (more: Partial<CausalTest>) => ({ ...test, ...more });

  it("has a point for each crop and score", () => {
    expect(test.points).toHaveLength(4);
    expect(test.points[2]).toEqual({ score: 0, predicted: -3, actual: -2.2 });
    expect(test.points[3].score).toBe(1);
    expect(readCausalTest({ ...TEST, actual: [-0.8, null, -2.2, 0.1] }).points).toHaveLength(3);
  });

  it("names what changed most", () => {
    expect(meanChanges(test).map(({ name }) => name)).toEqual(["cat", "cup"]);
    expect(meanChanges(test)[0].change).toBeCloseTo(-1.5);
    expect(describeMeaning(test)).toContain("“cat” changes most, by −1.50");
  });

  it("says its numbers with the interval and n", () => {
    expect(describeNumbers(test)).toBe("r = 0.97 [0.90, 0.99] · n = 2 crops × 2 classes");
    const none = with_({ correlation: null, pictures: 1, names: ["cat"] });
    expect(describeNumbers(none)).toBe("no correlation · n = 1 crop");
  });

  it.each([
    [{}, "predicts the outcome well, at 75 % of the predicted size"],
    [{ slope: 0.4 }, "only 40 % of the predicted size: the rest of the network makes up"],
    [{ slope: 2 }, "enlarges the change"],
    [{ correlation: 0.6 }, "predicts the outcome roughly"],
    [{ correlation: 0.3, low: 0.1 }, "only a little"],
    [{ correlation: 0.4, low: -0.1 }, "does not predict the outcome here"],
    [{ correlation: null, low: null }, "Too few crops"],
    [{ points: [{ score: 0, predicted: 0, actual: 0 }] }, "Nothing was changed"],
  ])("says in words what %j means", (more, words) => {
    expect(describeMeaning(with_(more))).toContain(words);
  });

  it("has axes alike, with zero and round numbers", () => {
    const range = rangeOf(test.points);
    expect(range.low).toBeLessThan(-3);
    expect(range.high).toBeGreaterThan(0.4);
    const ticks = ticksOf(range);
    expect(ticks).toContain(0);
    expect(ticks).toContain(-2);
    for (const size of [0.003, 0.7, 12, 4000]) {
      const count = ticksOf({ low: -size, high: size / 2 }).length;
      expect(count).toBeGreaterThanOrEqual(3);
      expect(count).toBeLessThanOrEqual(7);
    }
    const nothing = rangeOf([]);
    expect(nothing.high).toBeGreaterThan(nothing.low);
  });
});
