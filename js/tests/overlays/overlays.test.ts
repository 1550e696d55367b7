import { interpolateViridis } from "d3-scale-chromatic";
import { describe, expect, it } from "vitest";
import { Grid } from "../../src/geometry/grids";
import {
  CLASS_COLOURS,
  cssOfPixel,
  divergingRamp,
  MAKO,
  parseColour,
  pixelOf,
  type Ramp,
  type Rgb,
  VIRIDIS,
} from "../../src/overlays/colour";
import { densityOverlay } from "../../src/overlays/density";
import { fidelityOverlay } from "../../src/overlays/fidelity";
import { influenceOverlay, isClear, reachOf } from "../../src/overlays/influence";
import { assignColours, cellsWonBy, topClassOverlay } from "../../src/overlays/top_class";
import { cellKey } from "../../src/protocol/picture_key";
import {
  nextOverlay,
  type OverlayChoice,
  readOverlay,
  writeOverlay,
} from "../../src/store/overlay_choice";
import { ratioTicks, roundTicks } from "../../src/util/ticks";
import { toOklab } from "./oklab";

const alphaOf = (pixel: number) => pixel >>> 24;
const lightness = (rgb: Rgb) => toOklab(rgb)[0];
const steps = Array.from({ length: 33 }, (_, at) => at / 32);

/** What a colour is to people without red or green cones (Viénot, Brettel and Mollon, 1999). */
function withoutRedOrGreen([r, g, b]: Rgb, missing: "red" | "green"): Rgb {
  const linear = [r, g, b].map((byte) => (byte / 255) ** 2.2);
  const [a, c] = missing === "red" ? [0.11238, 0.88762] : [0.29275, 0.70725];
  const yellow = a * linear[0] + c * linear[1];
  const blue =
    missing === "red"
      ? 0.00401 * linear[0] - 0.00401 * linear[1] + linear[2]
      : -0.02234 * linear[0] + 0.02234 * linear[1] + linear[2];
  const byte = (value: number) => 255 * Math.min(Math.max(value, 0), 1) ** (1 / 2.2);
  return [byte(yellow), byte(yellow), byte(blue)];
}

const apart = (a: Rgb, b: Rgb) => {
  const [one, other] = [toOklab(a), toOklab(b)];
  return Math.hypot(...one.map((value, k) => value - other[k]));
};

describe("viridis", () => {
  it("is matplotlib’s and d3’s, from which ten of its colours are enough", () => {
    for (let step = 0; step < 256; step++) {
      const exact = parseColour(interpolateViridis(step / 255));
      const ours = VIRIDIS.at(step / 255);
      expect(Math.max(...exact.map((byte, at) => Math.abs(byte - ours[at])))).toBeLessThan(18);
    }
  });
});

describe("the text of an overlay", () => {
  const names = ["tabby", "crane (1)", "fox: red"];

  it.each<[OverlayChoice, string]>([
    [{ kind: "pictures" }, "pictures"],
    [{ kind: "top class" }, "top class"],
    [{ kind: "influence", class: 1 }, "influence: crane (1)"],
    [{ kind: "influence", class: 2 }, "influence: fox: red"],
    [{ kind: "influence", class: 7 }, "influence: class 7"],
    [{ kind: "unit", unit: 17 }, "unit: 17"],
  ])("can be written and read: %j", (choice, text) => {
    expect(writeOverlay(choice, names)).toBe(text);
    expect(readOverlay(text, names)).toEqual(choice);
  });

  it("means pictures where it means nothing, and a class later where names are not here yet", () => {
    for (const odd of [undefined, 7, null, "densty", "", "unit: x", "unit: -1"]) {
      expect(readOverlay(odd, names)).toEqual({ kind: "pictures" });
    }
    expect(readOverlay("influence: tabby", [])).toEqual({ kind: "influence", class: -1 });
  });

  it("goes round by one key, passing over what needs classes that are not there", () => {
    const round = (classes: boolean, last: number | null) => {
      const seen: string[] = [];
      let now: OverlayChoice = { kind: "pictures" };
      do {
        now = nextOverlay(now, 1, last, classes);
        seen.push(now.kind);
      } while (now.kind !== "pictures" && seen.length < 9);
      return seen.slice(0, -1);
    };
    expect(round(true, 3)).toEqual([
      "crops",
      "density",
      "top class",
      "influence",
      "fidelity",
      "doubt",
    ]);
    expect(round(true, null)).toEqual(["crops", "density", "top class", "fidelity", "doubt"]);
    expect(round(false, 3)).toEqual(["crops", "density", "fidelity", "doubt"]);
    expect(nextOverlay({ kind: "pictures" }, -1, null, true)).toEqual({ kind: "doubt" });
  });
});

describe("colour scales", () => {
  const evenness = (ramp: Ramp, from: number, to: number) => {
    const inside = steps.filter((at) => at >= from && at <= to);
    return inside.slice(1).map((at, k) => lightness(ramp.at(at)) - lightness(ramp.at(inside[k])));
  };

  it.each([
    ["viridis", VIRIDIS, 0, 1],
    ["mako", MAKO, 0, 1],
    ["against, dark", divergingRamp(true), 0.5, 1],
  ])("rise in lightness all along, for every eye: %s", (_, ramp, from, to) => {
    for (const rise of evenness(ramp, from, to)) expect(rise).toBeGreaterThan(0);
    for (const missing of ["red", "green"] as const) {
      const seen = steps.map((at) => lightness(withoutRedOrGreen(ramp.at(at), missing)));
      expect(seen[32]).toBeGreaterThan(seen[16]);
    }
  });

  it("that diverge are alike on both sides of zero, and their ends differ for every eye", () => {
    for (const dark of [false, true]) {
      const ramp = divergingRamp(dark);
      for (const at of steps) {
        expect(Math.abs(lightness(ramp.at(at)) - lightness(ramp.at(1 - at)))).toBeLessThan(0.09);
      }
      for (const missing of ["red", "green"] as const) {
        const [low, high] = [0.1, 0.9].map((at) => withoutRedOrGreen(ramp.at(at), missing));
        expect(apart(low, high)).toBeGreaterThan(0.15);
      }
    }
  });

  it("for classes can be told apart by every eye", () => {
    for (const missing of ["red", "green"] as const) {
      CLASS_COLOURS.forEach((a, i) => {
        for (const b of CLASS_COLOURS.slice(i + 1)) {
          const seen = apart(withoutRedOrGreen(a, missing), withoutRedOrGreen(b, missing));
          expect(seen).toBeGreaterThan(0.05);
        }
      });
    }
  });

  it("stay within their ends", () => {
    expect(VIRIDIS.at(-3)).toEqual(VIRIDIS.at(0));
    expect(VIRIDIS.at(3)).toEqual(VIRIDIS.at(1));
    expect(VIRIDIS.at(Number.NaN)).toEqual(VIRIDIS.at(0));
    expect(VIRIDIS.at(0)).toEqual(parseColour("#440154"));
  });

  it("cross to the canvas as pixels and back", () => {
    expect(cssOfPixel(pixelOf([1, 2, 255]))).toBe("rgb(1 2 255)");
    expect(cssOfPixel(pixelOf([1, 2, 3], 0.4))).toBe("rgb(1 2 3 / 0.4)");
  });
});

describe("ticks", () => {
  it("are round and lie within", () => {
    expect(roundTicks(0, 0.8, 4)).toEqual([0, 0.2, 0.4, 0.6, 0.8]);
    expect(roundTicks(-3, 7, 3)).toEqual([0, 5]);
    expect(roundTicks(2, 2, 3)).toEqual([2]);
    expect(ratioTicks(3, 40, 9)).toEqual([5, 10, 20]);
    expect(ratioTicks(3, 40_000, 5)).toEqual([10, 100, 1000, 10_000]);
  });
});

const grid = new Grid({ size: 4, ids: [0, 1, 5, 6, 10], counts: [5, 50, 500, 20, 5] });

describe("density", () => {
  it("goes by ratios, from the emptiest cell to the fullest", () => {
    const { colour, legend } = densityOverlay(grid);
    expect(colour(0)).toBe(pixelOf(VIRIDIS.at(0)));
    expect(colour(5)).toBe(pixelOf(VIRIDIS.at(1)));
    expect(colour(1)).toBe(pixelOf(VIRIDIS.at(0.5)));
    expect(legend.scale?.ticks.map((tick) => tick.text)).toEqual(["5", "30", "100", "500"]);
  });

  it("of equal cells is one colour", () => {
    const equal = new Grid({ size: 2, ids: [0, 1], counts: [7, 7] });
    const { colour, legend } = densityOverlay(equal);
    expect(colour(0)).toBe(colour(1));
    expect(legend.scale?.ticks.map((tick) => tick.text)).toEqual(["7"]);
  });
});

describe("influence", () => {
  const gains = new Map([
    [0, { value: 2, low: 1, high: 3 }],
    [1, { value: -2, low: -3, high: -1 }],
    [5, { value: 2, low: -1, high: 5 }],
    [6, { value: 0.5, low: null, high: null }],
  ]);

  it("is as strong on either side of zero, and paler where its sign is unknown", () => {
    const ramp = divergingRamp(false);
    const { colour, sentence, legend } = influenceOverlay(
      "tabby",
      gains,
      { waiting: 3, without: 0 },
      false,
    );
    expect(colour(0)).toBe(pixelOf(ramp.at(1)));
    expect(colour(1)).toBe(pixelOf(ramp.at(0)));
    expect(alphaOf(colour(5))).toBeLessThan(alphaOf(colour(0)));
    expect(alphaOf(colour(6))).toBeLessThan(255);
    expect(colour(10)).toBe(0);
    expect(sentence?.(0)).toBe("Influence on “tabby”: +2.00 (+1.00 to +3.00)");
    expect(sentence?.(6)).toContain("one sample");
    expect(sentence?.(10)).toBeNull();
    expect(legend.scale?.ticks.map((tick) => tick.text)).toEqual(["−2.00", "0", "+2.00"]);
    expect(legend.notes.map((note) => note.count)).toEqual([undefined, 3]);
  });

  it("is clear only if its interval keeps to one side", () => {
    expect(isClear({ value: 1, low: 0.1, high: 2 })).toBe(true);
    expect(isClear({ value: -1, low: -2, high: -0.1 })).toBe(true);
    expect(isClear({ value: 1, low: -0.1, high: 2 })).toBe(false);
    expect(isClear({ value: 1, low: null, high: null })).toBe(false);
  });

  it("has a scale that single strong cells do not stretch", () => {
    const values = [...Array.from({ length: 99 }, () => -1), 100];
    expect(reachOf(values)).toBe(1);
    expect(reachOf([])).toBe(1);
    expect(reachOf([0, 0])).toBe(1);
    expect(reachOf([0.2, -3])).toBe(3);
  });
});

describe("top class", () => {
  const winners = new Map<number, number[]>([
    [0, [7]],
    [1, [7]],
    [5, [2]],
    [6, []],
    [10, [2, 7]],
  ]);

  it("counts what is in view, the commonest first", () => {
    const names = ["a", "b", "c"];
    const overlay = topClassOverlay([...grid.ids, 3], winners, names, new Map(), false);
    expect(overlay.legend.classes).toEqual([
      { class: 7, name: "class 7", colour: cssOfPixel(overlay.colour(0)), count: 2 },
      { class: 2, name: "c", colour: cssOfPixel(overlay.colour(5)), count: 1 },
    ]);
    expect(overlay.legend.notes.map((note) => note.count)).toEqual([1, 1, 1]);
    expect(overlay.colour(0)).not.toBe(overlay.colour(6));
    expect(alphaOf(overlay.colour(10))).toBeLessThan(255);
    expect(overlay.colour(3)).toBe(0);
  });

  it("has one colour for all classes that are too many", () => {
    const many = new Map(Array.from({ length: 12 }, (_, at) => [at, [at]]));
    const cells = [...many.keys()];
    const { colour, legend } = topClassOverlay(cells, many, [], new Map(), true);
    expect(new Set(cells.map(colour)).size).toBe(CLASS_COLOURS.length + 1);
    expect(legend.classes).toHaveLength(CLASS_COLOURS.length);
    expect(legend.notes[0]).toMatchObject({ text: "5 other classes", count: 5 });
  });

  it("keeps a class's colour while the class stays common", () => {
    const first = assignColours(new Map(), [4, 5, 6], 3);
    const second = assignColours(first, [6, 9, 4, 5], 3);
    expect(second.get(6)).toBe(first.get(6));
    expect(second.get(4)).toBe(first.get(4));
    expect(second.get(9)).toBe(first.get(5));
    expect(second.has(5)).toBe(false);
  });

  it("knows what a class wins alone", () => {
    expect(cellsWonBy(7, winners)).toEqual([0, 1]);
    expect(cellsWonBy(2, winners)).toEqual([5]);
    expect(cellsWonBy(0, winners)).toEqual([]);
  });
});

describe("fidelity", () => {
  it("colours what has a cosine and frames what is doubtful", () => {
    const pictures = new Map([
      [0, { key: cellKey(4, 0), state: "final", cosine: 0.9, rank: 1 }],
      [1, { key: cellKey(4, 1), state: "final", cosine: 0.9, rank: 2 }],
      [5, { key: cellKey(4, 5), state: "final", cosine: 0.2, rank: 1 }],
      [6, { key: cellKey(4, 6), state: "crop", cosine: null, rank: null }],
    ]);
    const overlay = fidelityOverlay((cell) => pictures.get(cell));
    expect(overlay.colour(0)).toBe(pixelOf(MAKO.at(0.9)));
    expect(overlay.colour(6)).toBe(0);
    expect(overlay.colour(10)).toBe(0);
    expect([0, 1, 5, 6, 10].map((cell) => overlay.framed?.(cell))).toEqual([
      false,
      true,
      true,
      false,
      false,
    ]);
  });
});
