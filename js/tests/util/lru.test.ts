import { describe, expect, it } from "vitest";
import { Lru } from "../../src/util/lru";

describe("the bounded map", () => {
  it("forgets what was used longest ago", () => {
    const evicted: string[] = [];
    const lru = new Lru<string, number>(3, (key) => evicted.push(key));
    lru.set("a", 1);
    lru.set("b", 2);
    lru.set("c", 3);
    lru.get("a");
    lru.peek("b"); // does not count as use
    lru.set("d", 4);
    expect(evicted).toEqual(["b"]);
    expect(lru.get("b")).toBeUndefined();
    expect(lru.size).toBe(3);
  });

  it("counts costs, also of what is replaced", () => {
    const lru = new Lru<string, number>(10);
    lru.set("a", 1, 6);
    lru.set("a", 2, 4);
    expect(lru.cost).toBe(4);
    lru.set("b", 3, 7);
    expect(lru.get("a")).toBeUndefined();
    expect(lru.cost).toBe(7);
  });

  it("keeps the newest even if that alone is too large", () => {
    const lru = new Lru<string, number>(10);
    lru.set("a", 1, 3);
    lru.set("b", 2, 50);
    expect(lru.get("b")).toBe(2);
    expect(lru.size).toBe(1);
    lru.clear();
    expect(lru.cost).toBe(0);
  });
});
