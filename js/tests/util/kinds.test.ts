import { describe, expect, it } from "vitest";
import { findKinds, gatherKind, isByKind, type Kind, matchesByKind } from "../../src/util/kinds";
import { findNames } from "../../src/util/search";

const NAMES = ["tabby", "hotdog", "husky", "collie", "lesser panda"];
const KINDS: Kind[] = [
  { words: ["lesser panda", "red panda"], classes: [4] },
  { words: ["collie"], classes: [3] },
  { words: ["sled dog"], classes: [2] },
  { words: ["working dog"], classes: [2, 3] },
  { words: ["dog", "domestic dog"], classes: [2, 3] },
  { words: ["canine", "canid"], classes: [2, 3] },
  { words: ["carnivore"], classes: [0, 2, 3, 4] },
];
const namesOf = (kinds: readonly Kind[]) => kinds.map((kind) => kind.words[0]);

describe("kinds of things", () => {
  it("are found by all that they are called, exactly first, in the plural too", () => {
    expect(namesOf(findKinds(KINDS, "dog"))).toEqual(["dog", "working dog"]);
    expect(namesOf(findKinds(KINDS, " Dogs "))).toEqual(["dog", "working dog"]);
    expect(namesOf(findKinds(KINDS, "canid"))).toEqual(["canine"]);
    expect(namesOf(findKinds(KINDS, "carn"))).toEqual(["carnivore"]);
    expect(findKinds(KINDS, "")).toEqual([]);
    expect(findKinds(KINDS, "ca")).toEqual([]); // too short to say what is meant
  });

  it("bring their classes, after those that are called so themselves or otherwise", () => {
    const byName = findNames(NAMES, "dog");
    const more = matchesByKind(KINDS, findKinds(KINDS, "dog"), "dog", byName);
    expect(byName.map((match) => match.class)).toEqual([1]);
    expect(more.map((match) => [match.class, isByKind(match)])).toEqual([
      [2, false], // a sled dog
      [3, true],
    ]);
    expect(matchesByKind(KINDS, [], "red panda", [])).toMatchObject([{ class: 4 }]);
  });

  it("have the cells that their classes win, share, or are the strongest of, each once", () => {
    const winners = new Map([
      [7, [2]],
      [9, [0, 3]],
      [4, []],
      [5, [0]],
    ]);
    const leading = new Map([
      [7, 2],
      [4, 3],
      [5, 0],
    ]);
    const kind = gatherKind(KINDS[4], winners, leading);
    expect(kind).toEqual({ name: "dog", classes: 2, won: [7], cells: [4, 7, 9] });
  });
});
