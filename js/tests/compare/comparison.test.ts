import { describe, expect, it } from "vitest";
import {
  type Comparison,
  commonGround,
  membersOf,
  readComparison,
  whereabouts,
} from "../../src/compare/comparison";
import { fateOf, headline } from "../../src/components/compare/words";
import { agreementOverlay, topAgreement } from "../../src/overlays/agreement";
import { CELLS_A, CELLS_B, COMPARISON, samplesOf } from "./messages";

const read = (): Comparison => readComparison(COMPARISON, samplesOf(), { a: CELLS_A, b: CELLS_B })!;

describe("two atlases over the same samples", () => {
  it("have cells with a partner or none, and pictures of their own", () => {
    const { a, b } = read().maps;
    expect(a.name).toBe("early");
    expect(a.cells.get(0)).toMatchObject({ partner: 0, matched: null, agreement: null });
    expect(a.cells.get(3)).toMatchObject({ partner: null, matched: false, agreement: 0.5 });
    expect(a.grid.key(3)).toBe("cell:2:3");
    expect(b.grid.key(0)).toBe("compared:2:0");
    expect(b.grid.has(3)).toBe(false);
    expect(a.x[1]).toBeCloseTo(0.25, 4);
    expect(b.y[3]).toBe(1);
  });

  it("say where the samples of a cell are on the other map", () => {
    const { a, b } = read().maps;
    expect(membersOf(a, 3)).toEqual([2, 3]);
    expect(whereabouts(b, membersOf(a, 3))).toEqual([
      { cell: -1, count: 1 },
      { cell: 0, count: 1 },
    ]);
    expect(whereabouts(a, membersOf(b, 0))[0]).toEqual({ cell: 0, count: 2 });
  });

  it("lie on one ground", () => {
    expect([...commonGround(read()).ids]).toEqual([0, 3]);
  });

  it("are refused if samples are missing", () => {
    const bytes = samplesOf().subarray(2);
    expect(readComparison(COMPARISON, bytes, { a: CELLS_A, b: CELLS_B })).toBeNull();
  });

  it("differ where few neighbours are kept, and cells without a partner are framed", () => {
    const { a, b } = read().maps;
    const top = topAgreement([a, b]);
    expect(top).toBe(0.5);
    const overlay = agreementOverlay(a, "a", top);
    expect(overlay.colour(0)).toBe(0);
    expect(overlay.colour(3)).toBe(agreementOverlay(a, "a", 0.4).colour(3)); // the end of the scale
    expect(overlay.colour(3)).not.toBe(agreementOverlay(b, "b", top).colour(0));
    expect([0, 3].map((cell) => overlay.framed?.(cell))).toEqual([false, true]);
  });

  it("are told in words", () => {
    const { scores, maps } = read();
    expect(headline(scores)).toContain("25 % of a sample’s neighbours");
    expect(headline([{ ...scores[0], value: 0.02 }])).toContain("no more neighbours");
    const gone = { ...maps.a.cells.get(3)!, partner: 0 };
    expect(fateOf(gone, "a", maps.b, [{ cell: 0, count: 1 }])).toBe(
      "Gone: no cell of late has more of its samples than chance gives (overlap 0.10, by chance up to 0.30). Its samples are in 1 cell of late.",
    );
    expect(fateOf(maps.b.cells.get(0)!, "b", maps.a, [{ cell: 0, count: 2 }])).toBe(
      "Its samples are in 1 cell of early, 100 % of them in its partner.",
    );
  });
});
