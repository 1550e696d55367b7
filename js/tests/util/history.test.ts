import { describe, expect, it } from "vitest";
import { History } from "../../src/util/history";

const numbers = (most?: number) => new History<number>((one, other) => one === other, most);

describe("a history", () => {
  it("goes back and forward, and no further than it reaches", () => {
    const history = numbers();
    for (const state of [1, 2, 3]) history.record(state);
    expect([history.go(-1), history.go(-1), history.go(-1)]).toEqual([2, 1, null]);
    expect(history.hasEarlier.value).toBe(false);
    expect([history.go(1), history.go(1), history.go(1)]).toEqual([2, 3, null]);
    expect(history.hasLater.value).toBe(false);
  });

  it("forgets what lay ahead when one goes another way", () => {
    const history = numbers();
    for (const state of [1, 2, 3]) history.record(state);
    history.go(-1);
    history.record(9);
    expect(history.hasLater.value).toBe(false);
    expect(history.go(-1)).toBe(2);
  });

  it("does not count the same state twice, nor lose what lies ahead for it", () => {
    const history = numbers();
    for (const state of [1, 2, 2]) history.record(state);
    expect(history.go(-1)).toBe(1);
    history.record(1);
    expect(history.go(1)).toBe(2);
  });

  it("keeps no more than it may", () => {
    const history = numbers(3);
    for (let state = 0; state < 10; state++) history.record(state);
    expect([history.now, history.go(-1), history.go(-1), history.go(-1)]).toEqual([9, 8, 7, null]);
  });

  it("drops states, and stays where it is among the others", () => {
    const history = numbers();
    for (const state of [1, 2, 3, 4, 5]) history.record(state);
    history.go(-1);
    history.drop((state) => state % 2 === 0); // the present one with them
    expect(history.now).toBe(3);
    expect(history.go(1)).toBe(5);
    history.drop(() => true);
    expect([history.now, history.hasEarlier.value, history.hasLater.value]).toEqual([
      null,
      false,
      false,
    ]);
  });

  it("starts anew from a state or from none", () => {
    const history = numbers();
    history.record(1);
    history.record(2);
    history.restart(7);
    expect(history.go(-1)).toBeNull();
    expect(history.now).toBe(7);
    history.restart();
    expect(history.now).toBeNull();
    history.record(1);
    expect(history.hasEarlier.value).toBe(false);
  });
});
