import { describe, expect, it } from "vitest";
import cases from "../../../tests/protocol/twins.json";
import { Grid } from "../../src/geometry/grids";
import { moveToGrid } from "../../src/geometry/selection";
import { readOverlay, writeOverlay } from "../../src/store/overlay_choice";
import { ALL, readSubject } from "../../src/store/subject";

/** The same cases as in tests/protocol/test_twins.py. */
describe("what Python decides too comes out the same:", () => {
  it.each(cases.same_region)("the same region of another grid: $grid to $other", (given) => {
    const { grid, other, present, cells, expected } = given;
    const counts = present.map(() => 1);
    const moved = moveToGrid(cells, grid, new Grid({ size: other, ids: present, counts }));
    expect(moved.sort((a, b) => a - b)).toEqual(expected);
  });

  it.each(cases.overlays)("the text of an overlay: %s", (text) => {
    const choice = readOverlay(text, cases.classes);
    expect(writeOverlay(choice, cases.classes)).toBe(text);
    if (text !== "pictures") expect(choice).not.toEqual({ kind: "pictures" });
  });

  it.each(cases.subjects.valid.map((value) => [value]))("a subject: %j", (value) => {
    expect(readSubject(value)).toEqual(value);
  });

  it.each(cases.subjects.invalid.map((value) => [value]))("no subject: %j", (value) => {
    expect(readSubject(value)).toEqual(ALL);
  });
});
