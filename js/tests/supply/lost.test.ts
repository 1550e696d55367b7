import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { LostPictures } from "../../src/supply/lost";

describe("pictures that were forgotten", () => {
  const asked: [number, number[]][] = [];
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
      (grid, cells) => connected && asked.push([grid, cells]) > 0,
      (_, cell) => seen.has(cell),
      (_, cell) => !small.has(cell),
    );
  });
  afterEach(() => vi.useRealTimers());

  it("are asked for together, once, if they are looked at", () => {
    for (const cell of [1, 2, 2, 9]) lost.add(40, cell);
    expect(asked).toEqual([]);
    vi.advanceTimersByTime(1000);
    expect(asked).toEqual([[40, [1, 2]]]);
  });

  it("are not asked for where their thumbnail does by now", () => {
    for (const cell of [1, 2]) lost.add(40, cell);
    small = new Set([1]);
    vi.advanceTimersByTime(1000);
    expect(asked).toEqual([[40, [2]]]);
  });

  it("are asked for when they come into sight later", () => {
    lost.add(40, 9);
    vi.advanceTimersByTime(20_000);
    expect(asked).toEqual([]);
    seen = new Set([9]);
    lost.sightChanged();
    vi.advanceTimersByTime(1000);
    expect(asked).toEqual([[40, [9]]]);
  });

  it("are asked for again if they do not come, but not for ever", () => {
    lost.add(40, 1);
    vi.advanceTimersByTime(120_000);
    expect(asked.length).toBeGreaterThan(1);
    expect(asked.length).toBeLessThan(5);
  });

  it("wait for the kernel to be there again", () => {
    connected = false;
    lost.add(40, 1);
    vi.advanceTimersByTime(120_000);
    connected = true;
    vi.advanceTimersByTime(10_000);
    expect(asked[0]).toEqual([40, [1]]);
  });

  it("that came are asked for no more, and again when they are lost again", () => {
    lost.add(40, 1);
    vi.advanceTimersByTime(1000);
    lost.arrived(40, [1]);
    vi.advanceTimersByTime(20_000);
    expect(asked).toHaveLength(1);
    lost.add(40, 1);
    vi.advanceTimersByTime(1000);
    expect(asked).toHaveLength(2);
  });
});
