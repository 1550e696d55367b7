import { describe, expect, it } from "vitest";
import {
  describeChange,
  fitted,
  MAX_SIZE,
  MIN_SIZE,
  movedByKey,
  resized,
} from "../../src/causes/patch";

describe("a patch on an image", () => {
  const place = { x: 0.5, y: 0.5, size: 0.3 };

  it("stays within the image, whatever is asked", () => {
    const { x, y, size } = fitted({ x: -3, y: 9, size: 0.3 });
    expect([x, y, size]).toEqual([0.15, 0.85, 0.3]);
    expect(fitted({ ...place, size: 7 }).size).toBe(MAX_SIZE);
    expect(fitted({ ...place, size: 0 }).size).toBe(MIN_SIZE);
  });

  it("is moved and resized by keys, further with Shift", () => {
    expect(movedByKey(place, "ArrowRight", false)?.x).toBeCloseTo(0.52);
    expect(movedByKey(place, "ArrowUp", true)?.y).toBeCloseTo(0.4);
    expect(movedByKey(place, "+", false)?.size).toBeCloseTo(0.32);
    expect(movedByKey(place, "-", false)?.size).toBeCloseTo(0.28);
    expect(movedByKey(place, "a", false)).toBeNull();
    expect(movedByKey({ ...place, x: 0.85 }, "ArrowRight", true)?.x).toBeCloseTo(0.85);
  });

  it("is resized by its corner while the other corner stays", () => {
    const larger = resized(place, 0.8, 0.7);
    expect(larger.size).toBeCloseTo(0.45);
    expect(larger.x - larger.size / 2).toBeCloseTo(0.35);
    const whole = resized(place, 5, 5);
    expect(whole.x + whole.size / 2).toBeLessThanOrEqual(1 + 1e-9);
    expect(resized(place, 0, 0).size).toBe(MIN_SIZE);
  });

  it("says what the model says then", () => {
    const classes = [
      { index: 3, name: "cat", before: 0.001, after: 0.6, score: 4 },
      { index: 7, name: "moped", before: 0.8, after: 0.2, score: -1 },
    ];
    const shown = { image: 0, x: 0.5, y: 0.5, classes };
    expect(describeChange(shown)).toBe("“moped” becomes “cat”.");
    const same = { ...shown, classes: [{ ...classes[1], after: 0.7 }] };
    expect(describeChange(same)).toContain(
      "It stays “moped”: 80 % without the patch, 70 % with it",
    );
  });
});
