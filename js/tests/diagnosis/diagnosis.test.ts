import { describe, expect, it } from "vitest";
import { Diagnoses, type Diagnosis } from "../../src/diagnosis/diagnoses";
import {
  describeAgreement,
  describeChance,
  describeEmptiness,
  describeGroups,
  describeSplit,
  middleOf,
  shareBelow,
} from "../../src/diagnosis/words";
import { Grid } from "../../src/geometry/grids";
import { doubtOverlay } from "../../src/overlays/doubt";
import type { BrowserMessage } from "../../src/protocol/messages";

const cell: Diagnosis = {
  kind: "diagnosis",
  revision: 1,
  grid: 4,
  cell: 5,
  count: 40,
  images: 9,
  agreement: 0.41,
  resultant: 0.65,
  nearest: 0.83,
  emptiness: 0.7,
  chance: 0.3,
  mixture: false,
  kept: 0.5,
  spread: [1, 2, 1],
};

describe("what diagnoses say", () => {
  it("puts a cell among the others", () => {
    expect(shareBelow([0.1, 0.2, 0.41, 0.6, 0.7], 0.41)).toBe(0.5);
    expect(shareBelow([0.41], 0.41)).toBeNull();
    expect(describeAgreement(cell, 0.63)).toContain("0.41 on average, more than in 63 % of the");
    expect(describeAgreement(cell, 0.2)).toContain("less than in 80 %");
    expect(describeAgreement({ ...cell, agreement: null }, null)).toContain("A single sample");
    expect(middleOf([1, 2, 3])).toBeNull();
    expect(middleOf([5, 1, 2, 4, 3])).toEqual([1, 3, 5]);
  });

  it("says where the mean lies, and that there may be nothing", () => {
    expect(describeEmptiness(cell)).toMatch(/^The mean lies among its samples/);
    expect(describeEmptiness({ ...cell, emptiness: 1.3 })).toContain("where no samples are");
    expect(describeEmptiness({ ...cell, emptiness: null })).toContain("one crop");
  });

  it("claims two groups only where so many cells leave no doubt", () => {
    expect(describeGroups({ ...cell, mixture: true, chance: 1e-4 })).toMatch(/^Two groups/);
    expect(describeGroups({ ...cell, chance: 0.03 })).toMatch(/^Perhaps two groups/);
    expect(describeGroups(cell)).toMatch(/^One group, as far as one can tell/);
    expect(describeGroups({ ...cell, chance: null, count: 2 })).toContain("2 samples cannot");
    expect(describeChance(0.0004)).toBe("fewer than one case in 1,000");
  });

  it("does not let a split pass for a discovery", () => {
    const split = { halves: [], cosine: 0.4, apart: 5.2, chance: 1e-4, tile: 64, strip: null };
    expect(describeSplit({ ...split, clear: true })).toBe(
      "Cosine 0.40 between the halves, 5.2 σ apart.",
    );
    expect(describeSplit({ ...split, clear: false })).toContain("One group cut in two");
  });
});

describe("what is known of cells", () => {
  const made = () => {
    const sent: BrowserMessage[] = [];
    return { sent, known: new Diagnoses((message) => sent.push(message)) };
  };
  const place = { grid: 4, cell: 5 };

  it("is asked for once, and not at all once it is here", () => {
    const { sent, known } = made();
    known.want(place);
    known.want(place);
    known.wantGrid(4);
    expect(sent.map(({ kind }) => kind)).toEqual(["diagnosis", "diagnoses"]);
    known.receive(cell, undefined);
    expect(known.of(place)?.kept).toBe(0.5);
    known.clear();
    expect(known.of(place)).toBeNull();
    known.want(place);
    expect(sent).toHaveLength(3);
  });

  it("names halves as soon as their classes come", () => {
    const { known } = made();
    const halves = { counts: [5, 3], images: [2, 1], resultants: [0.8, 0.7], crops: [5, 3] };
    const rest = { cosine: 0.4, apart: 5, chance: 0.01, clear: true, tile: 64 };
    known.receive({ kind: "halves", revision: 1, ...place, ...halves, ...rest }, undefined);
    expect(known.halves(place)?.halves[1]).toMatchObject({
      count: 3,
      crops: { from: 5, count: 3 },
      classes: null,
    });
    const words = { label: "liner", why_not: "", lead: null, classes: [] };
    const named = { revision: 1, ...place, half: 1, ...words };
    known.receive({ kind: "half_classes", ...named }, undefined);
    expect(known.halves(place)?.halves.map(({ label }) => label)).toEqual([null, "liner"]);
  });
});

describe("the overlay of doubt", () => {
  const grid = new Grid({ size: 4, ids: [1, 5, 6], counts: [1, 9, 9] });

  it("colours what can be judged and frames mixtures", () => {
    const known = {
      agreement: new Map([
        [5, 0.2],
        [6, 0.7],
      ]),
      emptiness: new Map([[5, 1.3]]),
      kept: new Map([[5, 0.4]]),
      mixtures: new Set([5]),
    };
    const overlay = doubtOverlay(grid, known);
    expect(overlay.colour(1)).toBe(0);
    expect(overlay.colour(5)).not.toBe(overlay.colour(6));
    expect([5, 6].map((id) => overlay.framed?.(id))).toEqual([true, false]);
    expect(overlay.sentence?.(5)).toBe("Agreement 0.20, two groups, 40 % of neighbours kept");
    expect(overlay.legend.notes.map(({ count }) => count)).toEqual([1, 1]);
  });

  it("says that cells are to come", () => {
    const overlay = doubtOverlay(grid, null);
    expect(overlay.colour(5)).toBe(0);
    expect(overlay.legend.notes).toMatchObject([{ text: "cells to come", count: 3 }]);
  });
});
