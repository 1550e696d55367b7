import { describe, expect, it } from "vitest";
import { readAddress, writeAddress } from "../../src/saved/address";
import { makePage } from "./page";

const START = {
  viewport: null,
  fixed_level: null,
  level: 2,
  selection: [],
  overlay: "pictures",
  opened: null,
  note: "",
  unit: null,
};

describe("the address into a page", () => {
  it("is empty for the view that a page opens with", () => {
    expect(writeAddress(START)).toBe("");
    expect(readAddress("", makePage())).toEqual({
      viewport: [0, 0, 1, 1],
      fixed_level: null,
      level: 2,
      selection: [],
      overlay: "pictures",
      opened: [],
      note: "",
      unit: null,
      mode: "atlas",
    });
  });

  it("leads back to where it was written", () => {
    const view = {
      viewport: [0.1, 0.2, 0.5, 0.6] as [number, number, number, number],
      fixed_level: 4,
      level: 4,
      selection: [14, 15],
      overlay: "influence: <b>50 % off</b> & more=less",
      opened: [2, 3] as const,
      note: "a1b2c3",
      unit: null,
    };
    const hash = writeAddress(view);
    expect(hash).not.toMatch(/[<>" ]/);
    expect(readAddress(`#${hash}`, makePage())).toEqual({ ...view, mode: "atlas" });
  });

  it.each([
    ["viewport=0.5,0,0.1,1", "viewport", [0, 0, 1, 1]],
    ["viewport=a,b,c,d", "viewport", [0, 0, 1, 1]],
    ["viewport=0,0,Infinity,1", "viewport", [0, 0, 1, 1]],
    ["fixed_level=3", "fixed_level", null],
    ["level=99", "level", 2],
    ["level=4&selection=14,7,x", "selection", [14]],
    ["selection=14", "selection", []],
    ["opened=4,7", "opened", []],
    ["opened=4", "opened", []],
    ["overlay=unit%3A 3", "overlay", "pictures"],
    ["overlay=crops", "overlay", "pictures"], // this page has none
    ["overlay=doubt", "overlay", "pictures"], // nor these
    ["overlay=%E0%A4%A", "overlay", "pictures"],
    ["note=ffff", "note", ""],
    [`overlay=${"a".repeat(500)}`, "overlay", "pictures"],
  ])("is not taken at its word: %s", (hash, name, value) => {
    expect(readAddress(`#${hash}`, makePage())[name]).toEqual(value);
  });
});
