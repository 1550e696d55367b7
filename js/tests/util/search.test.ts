import { describe, expect, it } from "vitest";
import { findClasses, findNames, nearMatches, rankMatches } from "../../src/util/search";

describe("a search among names", () => {
  it("wants every word and prefers whole ones", () => {
    const names = ["layer1.0.conv10", "layer1.0.conv1", "conv1"];
    expect(rankMatches(names, "conv1", (name) => name)).toEqual([
      "layer1.0.conv1",
      "conv1",
      "layer1.0.conv10",
    ]);
    expect(rankMatches(names, "layer1 conv10", (name) => name)).toEqual(["layer1.0.conv10"]);
    expect(rankMatches(names, "", (name) => name)).toEqual(names);
  });

  it("names what looks most alike where nothing matches", () => {
    const names = ["golden retriever", "tabby", "fox squirrel", "goldfish", "7"];
    expect(nearMatches(names, "goldn retriver")).toEqual([0]);
    expect(nearMatches(names, "taby")).toEqual([1]);
    expect(nearMatches(names, "squirel")).toEqual([2]);
    expect(nearMatches(names, "xylophone")).toEqual([]);
    expect(nearMatches(names, "  ")).toEqual([]);
    expect(nearMatches([], "cat")).toEqual([]);
  });
});

describe("classes that are searched for", () => {
  const names = ["tabby cat", "Egyptian cat", "catamaran", "dog", "lynx, wild cat"];
  const winners = new Map<number, number[]>([
    [1, [0]],
    [2, [1]],
    [3, [0]],
    [4, []],
    [5, [2]],
    [6, [1, 3]],
  ]);
  const strengths = new Map([
    [1, { cells: [9, 2], values: [1.5, 0.4] }],
    [2, { cells: [5], values: [3] }],
  ]);
  const find = (query: string) =>
    findClasses(names, findNames(names, query), winners, (index) => strengths.get(index) ?? null);

  it("have the cells that they win, share or clearly argue for", () => {
    expect(find("egypt")).toEqual([
      { class: 1, name: "Egyptian cat", won: [2], cells: [2, 6, 9], strongest: 1.5 },
    ]);
    expect(find("tabby")[0]).toMatchObject({ won: [1, 3], cells: [1, 3], strongest: null });
  });

  it("are found where they win nothing", () => {
    strengths.set(4, { cells: [7], values: [0.2] });
    expect(find("lynx")[0]).toMatchObject({ won: [], cells: [7], strongest: 0.2 });
    strengths.delete(4);
  });

  it("come with cells before those without, whole words before parts, strong before weak", () => {
    expect(find("cat").map((match) => match.class)).toEqual([1, 0, 2, 4]);
    expect(find("cat").at(-1)?.cells).toEqual([]);
  });

  it("are none without a query, or where none is called so", () => {
    expect(find(" ")).toEqual([]);
    expect(find("zebra")).toEqual([]);
  });
});
