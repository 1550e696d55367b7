import { describe, expect, it } from "vitest";
import {
  type Comparison,
  commonGround,
  membersOf,
  readComparison,
  readSeries,
  whereabouts,
} from "../../src/compare/comparison";
import {
  between,
  boxOfPlaces,
  filmColumns,
  nearestSample,
  samplesNear,
} from "../../src/compare/dots";
import { fateOf, headline } from "../../src/components/compare/words";
import { agreementOverlay, topAgreement } from "../../src/overlays/agreement";
import { colouredByKind, colouredByPlace } from "../../src/overlays/dot_colours";
import { CELLS_A, CELLS_B, COMPARISON, SERIES, samplesOf, seriesOf } from "./messages";

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

  it("know the class of each sample", () => {
    const { kinds, units } = read();
    expect(units).toEqual({
      best: [{ unit: 3, match: 7, r: 0.8, floor: 0.2 }],
      mutual: 1,
      gone: 2,
      new: 0,
    });
    expect([...kinds.of]).toEqual([0, 1, -1, 1]);
    const groups = colouredByKind(kinds, false);
    expect(groups.map(({ samples }) => samples)).toEqual([[2], [0], [1, 3]]);
    expect(new Set(groups.map(({ colour }) => colour)).size).toBe(3);
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

describe("samples as dots", () => {
  const from = { x: Float32Array.of(0, 0.5), y: Float32Array.of(0.25, 1) };
  const to = { x: Float32Array.of(1, 0.5), y: Float32Array.of(0.25, 0) };

  it("move on straight lines", () => {
    expect(between(from, to, 0)).toEqual(from);
    expect(between(from, to, 1)).toEqual(to);
    expect([...between(from, to, 0.5).x]).toEqual([0.5, 0.5]);
    expect(boxOfPlaces([from, to])).toEqual([0, 0, 1, 1]);
  });

  it("are found near a point", () => {
    expect(nearestSample(from, { x: 0.4, y: 0.9 }, 0.2)).toBe(1);
    expect(nearestSample(from, { x: 0.4, y: 0.9 }, 0.1)).toBeNull();
    expect(samplesNear(from, { x: 0.2, y: 0.6 }, 0.6)).toEqual([0, 1]);
  });

  it("are on as many maps in a row as makes these largest", () => {
    const square: [number, number, number, number] = [0, 0, 1, 1];
    expect(filmColumns(4, { width: 1200, height: 340 }, square, 40)).toBe(4);
    expect(filmColumns(4, { width: 700, height: 740 }, square, 40)).toBe(2);
    expect(filmColumns(4, { width: 300, height: 700 }, square, 40)).toBe(1);
    expect(filmColumns(6, { width: 1200, height: 540 }, [0, 0.4, 1, 0.6], 40)).toBe(2);
  });

  it("keep the colour of their first place", () => {
    const groups = colouredByPlace(from);
    expect(groups.map(({ samples }) => samples)).toEqual([[0], [1]]);
    expect(groups[0].colour).not.toBe(groups[1].colour);
  });
});

describe("a series", () => {
  it("has the places of all samples on all maps", () => {
    const series = readSeries(SERIES, seriesOf())!;
    expect(series.maps.map(({ name }) => name)).toEqual(["one", "two"]);
    expect([...series.maps[0].x]).toEqual([0, 1]);
    expect(series.maps[1].y[1]).toBeCloseTo(0.5, 4);
    expect(series.maps.map(({ agreement }) => agreement)).toEqual([null, 0.3]);
    expect([...series.kinds.of]).toEqual([-1, -1]);
    expect(readSeries(SERIES, seriesOf().subarray(2))).toBeNull();
  });
});
