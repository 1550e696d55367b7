import { describe, expect, it } from "vitest";
import { ticksOf } from "../../src/geometry/axes";
import {
  ALL,
  classSubject,
  comparisonSubject,
  isSame,
  nameSubject,
  readSubject,
} from "../../src/store/subject";

describe("what an atlas is about", () => {
  it("is all samples wherever the trait says nothing that is understood", () => {
    for (const odd of [undefined, null, "class", [1, 2], {}]) expect(readSubject(odd)).toEqual(ALL);
    expect(readSubject(["class", "liner"])).toEqual(classSubject("liner"));
  });

  it("is told apart by kind and classes, and named by its classes", () => {
    expect(isSame(classSubject("liner"), ["class", "liner"])).toBe(true);
    expect(isSame(classSubject("liner"), ["winning", "liner"])).toBe(false);
    expect(nameSubject(ALL)).toBe("all samples");
    expect(nameSubject(comparisonSubject("liner", "fireboat"))).toBe("liner | fireboat");
  });
});

describe("ticks of an axis", () => {
  const axis = { label: "a − b", low: 2, high: -2, low_label: "a", high_label: "b" };

  it("are round values at their places, from left to right", () => {
    const ticks = ticksOf(axis, 100, 400, 600);
    expect(ticks.map(({ value }) => value)).toEqual([2, 1, 0, -1, -2].map((v) => v + 0));
    expect(ticks.map(({ at }) => at)).toEqual([100, 200, 300, 400, 500]);
  });

  it("are finer and only what is in view, once one has zoomed in", () => {
    const ticks = ticksOf(axis, -1700, 4000, 600);
    expect(ticks.length).toBeGreaterThan(4);
    for (const { at } of ticks) expect(at >= 0 && at <= 600).toBe(true);
    expect(ticks.some(({ value }) => value === 0)).toBe(true);
  });

  it("are none where places are no values, or the axis is out of view", () => {
    expect(ticksOf({ ...axis, low: null, high: null }, 0, 400, 600)).toEqual([]);
    expect(ticksOf(axis, 900, 400, 600)).toEqual([]);
  });
});
