import { describe, expect, it } from "vitest";
import {
  classesToCompare,
  compareChannels,
  compareClasses,
  differenceOf,
  isClear,
} from "../../src/panels/compare";
import type { ClassValue } from "../../src/protocol/messages";
import {
  channelOf,
  cosineOf,
  mixOf,
  readProfile,
  strongestChannels,
} from "../../src/store/profile";

const value = (index: number, at: number, half: number | null = 0.1): ClassValue => ({
  index,
  label: `class ${index}`,
  value: at,
  low: half === null ? null : at - half,
  high: half === null ? null : at + half,
});
const byIndex = (...values: ClassValue[]) => new Map(values.map((it) => [it.index, it]));

describe("the difference of two means", () => {
  it("is less certain than either", () => {
    const apart = differenceOf(value(1, 2, 0.3), value(1, 0.5, 0.4));
    expect(apart.difference).toBeCloseTo(1.5);
    expect(apart.low).toBeCloseTo(1.0);
    expect(apart.high).toBeCloseTo(2.0);
    expect(isClear(apart)).toBe(true);
    expect(isClear(differenceOf(value(1, 0.4, 0.3), value(1, 0.1, 0.3)))).toBe(false);
  });

  it("takes from each interval the side that matters", () => {
    const first = { ...value(1, 1), low: 0.7, high: 3 };
    const other = { ...value(1, 0), low: -2, high: 0.4 };
    const { low, high } = differenceOf(first, other);
    expect(low).toBeCloseTo(1 - Math.hypot(0.3, 0.4));
    expect(high).toBeCloseTo(1 + Math.hypot(2, 2));
  });

  it("has no interval where one sample alone speaks", () => {
    const apart = differenceOf(value(1, 2), value(1, 1, null));
    expect(apart).toEqual({ difference: 1, low: null, high: null });
    expect(isClear(apart)).toBe(false);
  });
});

describe("the classes of two cells", () => {
  it("are those that either argues most for, each once", () => {
    const first = [value(3, 2), value(1, 1), value(7, 0.5)];
    const other = [value(1, 3), value(9, 1)];
    expect(classesToCompare(first, other, 2)).toEqual([3, 1, 9]);
  });

  it("go from what speaks for the first to what speaks for the other", () => {
    const compared = compareClasses(
      byIndex(value(1, 1), value(2, 0.1), value(3, 2)),
      byIndex(value(1, 3), value(2, 0)),
      [1, 2, 3],
    );
    expect(compared.map((item) => item.index)).toEqual([3, 2, 1]);
    expect(compared[0]).toMatchObject({ difference: null, other: null, label: "class 3" });
    expect(compared[2].difference).toBe(-2);
  });
});

describe("a profile", () => {
  const bytesOf = (...rows: number[][]) => new Uint8Array(new Float32Array(rows.flat()).buffer);
  const profile = readProfile(bytesOf([1, -4, 2, 0], [0, -4, 0, 0], [0.5, 1, 4, 0]), 4);

  it("is three rows, or nothing", () => {
    expect(profile?.mean).toEqual(new Float32Array([1, -4, 2, 0]));
    expect(readProfile(bytesOf([1, 2], [3, 4]), 2)).toBeNull();
    expect(readProfile(undefined, 4)).toBeNull();
    expect(readProfile(new Uint8Array(0), 0)).toBeNull();
  });

  it("is read wherever its bytes lie", () => {
    const plain = bytesOf([1, 2], [3, 4], [5, 6]);
    const shifted = new Uint8Array(plain.length + 1);
    shifted.set(plain, 1);
    expect(readProfile(shifted.subarray(1), 2)?.deviation).toEqual(new Float32Array([5, 6]));
  });

  it("says which channels are unusual and which are large", () => {
    const order = (by: "unusual" | "largest") =>
      strongestChannels(profile!, by, 4).map(({ index }) => index);
    expect(order("unusual")).toEqual([0, 2, 1, 3]);
    expect(order("largest")).toEqual([1, 2, 0, 3]);
    expect(channelOf(profile!, 0).unusual).toBe(2);
    expect(channelOf(profile!, 3).unusual).toBe(0); // never varies: not infinitely unusual
  });

  it("is compared in the layer's own deviations", () => {
    const other = readProfile(bytesOf([0, -1, 2, 0], [0, -4, 0, 0], [0.5, 1, 4, 0]), 4)!;
    const apart = compareChannels(profile!, other, 2);
    expect(apart.map(({ first, difference }) => [first.index, difference])).toEqual([
      [0, 2],
      [1, -3],
    ]);
  });

  it("mixes, and knows how near directions are", () => {
    expect(cosineOf([1, 0], [1, 1])).toBeCloseTo(Math.SQRT1_2);
    expect(cosineOf([0, 0], [1, 1])).toBeNull();
    expect(cosineOf([1], [1, 1])).toBeNull();
    const mixed = mixOf(new Float32Array([4, 0]), new Float32Array([0, 2]), 0.25);
    expect([...mixed]).toEqual([3, 0.5]);
  });
});
