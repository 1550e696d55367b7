import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { cellKey, cellKeys, cellOf, type PictureKey } from "../../src/protocol/picture_key";
import { LostPictures } from "../../src/supply/lost";

describe("pictures that were forgotten", () => {
  const asked: PictureKey[][] = [];
  let seen: Set<number>;
  let small: Set<number>;
  let connected: boolean;
  let lost: LostPictures;

  beforeEach(() => {
    vi.useFakeTimers();
    asked.length = 0;
    seen = new Set([1, 2, 3]);
    small = new Set();
    connected = true;
    lost = new LostPictures(
      (keys) => connected && asked.push(keys) > 0,
      (key) => seen.has(cellOf(key)!.cell),
      (key) => !small.has(cellOf(key)!.cell),
    );
  });
  afterEach(() => vi.useRealTimers());

  it("are asked for together, once, if they are looked at", () => {
    for (const cell of [1, 2, 2, 9]) lost.add(cellKey(40, cell));
    expect(asked).toEqual([]);
    vi.advanceTimersByTime(1000);
    expect(asked).toEqual([cellKeys(40, [1, 2])]);
  });

  it("are not asked for where their thumbnail does by now", () => {
    for (const cell of [1, 2]) lost.add(cellKey(40, cell));
    small = new Set([1]);
    vi.advanceTimersByTime(1000);
    expect(asked).toEqual([cellKeys(40, [2])]);
  });

  it("are asked for when they come into sight later", () => {
    lost.add(cellKey(40, 9));
    vi.advanceTimersByTime(20_000);
    expect(asked).toEqual([]);
    seen = new Set([9]);
    lost.sightChanged();
    vi.advanceTimersByTime(1000);
    expect(asked).toEqual([cellKeys(40, [9])]);
  });

  it("are asked for again if they do not come, but not for ever", () => {
    lost.add(cellKey(40, 1));
    vi.advanceTimersByTime(120_000);
    expect(asked.length).toBeGreaterThan(1);
    expect(asked.length).toBeLessThan(5);
  });

  it("wait for the kernel to be there again", () => {
    connected = false;
    lost.add(cellKey(40, 1));
    vi.advanceTimersByTime(120_000);
    connected = true;
    vi.advanceTimersByTime(10_000);
    expect(asked[0]).toEqual(cellKeys(40, [1]));
  });

  it("that came are asked for no more, and again when they are lost again", () => {
    lost.add(cellKey(40, 1));
    vi.advanceTimersByTime(1000);
    lost.arrived([cellKey(40, 1)]);
    vi.advanceTimersByTime(20_000);
    expect(asked).toHaveLength(1);
    lost.add(cellKey(40, 1));
    vi.advanceTimersByTime(1000);
    expect(asked).toHaveLength(2);
  });
});
