import { describe, expect, it } from "vitest";
import { arrange, type CheckRecord, plainName, toCsv } from "../../src/check/answers";

const CHECK: CheckRecord = {
  format: 1,
  id: "a1b2",
  model: "Net",
  layer: "layer3",
  trials: [
    { kind: "picture", cell: 3, other: 7, reference: "", right: "", wrong: "" },
    { kind: "catch", cell: 5, other: 1, reference: "", right: "", wrong: "" },
  ],
};

describe("the arrangement of trials", () => {
  it("has each trial once, and the right crop on either side equally often", () => {
    let seed = 1;
    const draw = (count: number) => {
      seed = (seed * 16807) % 2147483647;
      return seed % count;
    };
    const shown = arrange(40, draw);
    expect(shown.map(({ trial }) => trial).sort((a, b) => a - b)).toEqual([...Array(40).keys()]);
    expect(shown.filter(({ rightSide }) => rightSide === "left")).toHaveLength(20);
    expect(arrange(40, draw)).not.toEqual(shown);
  });
});

describe("the answers as a CSV", () => {
  it("has a row an answer, in the order in which they were given", () => {
    const csv = toCsv(CHECK, "Ada", [
      { trial: 1, rightSide: "left", answer: "left", seconds: 1.234 },
      { trial: 0, rightSide: "right", answer: "left", seconds: 2 },
    ]);
    expect(csv.split("\r\n")).toEqual([
      "check,participant,order,trial,kind,cell,other,right_side,answer,correct,seconds",
      "a1b2,Ada,1,1,catch,5,1,left,left,1,1.23",
      "a1b2,Ada,2,0,picture,3,7,right,left,0,2.00",
      "",
    ]);
  });

  it.each([
    ["=HYPERLINK(1)", "HYPERLINK1"],
    ['a,b"c\n', "abc"],
    ["-1+1", "11"],
    ["Jörg K.", "Jörg K."],
    ["x".repeat(99), "x".repeat(40)],
  ])("keeps no formula and no separator of a name: %s", (name, kept) => {
    expect(plainName(name)).toBe(kept);
  });
});
