import { signal } from "@preact/signals";
import { beforeEach, describe, expect, it } from "vitest";
import { Grid } from "../../src/geometry/grids";
import { unitOverlay } from "../../src/overlays/unit";
import type { BrowserMessage, KernelMessageOf } from "../../src/protocol/messages";
import {
  inOrder,
  isDead,
  labelCounts,
  neighbourOf,
  type Overview,
  ordersOf,
  readOrder,
  readOverview,
} from "../../src/units/overview";
import { rowsInSight } from "../../src/units/rows";
import { Units } from "../../src/units/units";

const bytesOf = (...values: number[]) => new Uint8Array(new Float32Array(values).buffer);

const message: KernelMessageOf<"units"> = {
  kind: "units",
  revision: 0,
  layer: "middle",
  count: 4,
  samples: 300,
  images: 20,
  signed: false,
  layout: "map",
  statistics: ["max", "std"],
  labels: ["cat", "dog"],
  label_of: [1, 1, -1, 0],
};
const none: ReadonlyMap<number, number> = new Map();
const bytes = bytesOf(1, 5, 5, Number.NaN, 0.5, 1, 0, 2);
const overview: Overview = readOverview(message, bytes);

describe("the overview of a layer’s units", () => {
  it("has a row of values for each statistic", () => {
    expect([...overview.statistics.keys()]).toEqual(["max", "std"]);
    expect([...overview.statistics.get("std")!]).toEqual([0.5, 1, 0, 2]);
  });

  it("reads a buffer that begins anywhere", () => {
    const shifted = new Uint8Array(bytes.length + 3);
    shifted.set(bytes, 3);
    const read = readOverview(message, shifted.subarray(3));
    expect(read.statistics.get("max")![1]).toBe(5);
  });

  it("leaves a statistic out that did not come whole", () => {
    expect(readOverview(message, bytes.subarray(0, 20)).statistics.has("std")).toBe(false);
    expect(readOverview(message, undefined).statistics.size).toBe(0);
  });

  it("sorts with the largest first, equal ones by number, those without a value last", () => {
    expect(inOrder(overview, { order: "max", alive: false }, none)).toEqual([1, 2, 0, 3]);
    expect(inOrder(overview, { order: "number", alive: false }, none)).toEqual([0, 1, 2, 3]);
    expect(inOrder(overview, { order: "sparseness", alive: false }, none)).toEqual([0, 1, 2, 3]); // not known
  });

  it("leaves dead units out where that is asked for", () => {
    expect(isDead(overview, 2)).toBe(true);
    expect(inOrder(overview, { order: "max", alive: true }, none)).toEqual([1, 0, 3]);
  });

  it("shows the units that are most active for one label", () => {
    expect(labelCounts(overview)).toEqual([
      [0, "cat", 1],
      [1, "dog", 2],
    ]);
    expect(inOrder(overview, { order: "max", alive: false, label: 1 }, none)).toEqual([1, 0]);
  });

  it("sorts by what finished pictures reach, those without one last", () => {
    const beyond = new Map([
      [0, 0.5],
      [3, 0.99],
    ]);
    const order = { order: "picture", alive: false } as const;
    expect(inOrder(overview, order, beyond)).toEqual([3, 0, 1, 2]);
  });

  it("offers selectivity only where images have labels and activations no sign", () => {
    const offered = (of: Overview) => ordersOf(of).some(([order]) => order === "selectivity");
    expect(offered(overview)).toBe(true);
    expect(offered({ ...overview, labels: [] })).toBe(false);
    expect(offered({ ...overview, signed: true })).toBe(false);
  });

  it("goes to the next unit in the order, and stays at the ends", () => {
    const units = inOrder(overview, { order: "max", alive: true }, none);
    expect(neighbourOf(units, 1, 1)).toBe(0);
    expect(neighbourOf(units, 3, 1)).toBe(3);
    expect(neighbourOf(units, 1, -1)).toBe(1);
    expect(neighbourOf(units, 2, 1)).toBe(1); // which is hidden
  });

  it("takes a trait that names no order for the layer’s own", () => {
    expect(readOrder("max")).toBe("max");
    expect(readOrder("evil")).toBe("number");
    expect(readOrder(undefined)).toBe("number");
  });
});

describe("the rows in sight", () => {
  const tile = { width: 100, height: 50 };

  it("are those in the box and one more at either end", () => {
    const rows = rowsInSight(1000, tile, { width: 450, height: 200, top: 500 });
    expect(rows).toEqual({ columns: 4, first: 9, last: 15, height: 12500 });
  });

  it("end with the units", () => {
    expect(rowsInSight(10, tile, { width: 450, height: 2000, top: 0 }).last).toBe(3);
    expect(rowsInSight(0, tile, { width: 450, height: 200, top: 0 })).toEqual({
      columns: 4,
      first: 0,
      last: 0,
      height: 0,
    });
    expect(rowsInSight(5, tile, { width: 20, height: 100, top: 0 }).columns).toBe(1);
  });
});

describe("the units of a widget", () => {
  let sent: BrowserMessage[];
  let units: Units;
  const connected = signal(true);
  beforeEach(() => {
    sent = [];
    connected.value = true;
    units = new Units((sentNow) => sent.push(sentNow), connected);
  });
  it("are asked for once", () => {
    units.want();
    units.want();
    expect(sent).toEqual([{ kind: "units" }]);
    units.handles.units!(message, bytes);
    units.want();
    expect(sent).toHaveLength(1);
  });

  it("are not asked for without a kernel", () => {
    connected.value = false;
    units.want();
    expect(units.valuesOf(3, 20)).toBeNull();
    expect(sent).toEqual([]);
  });

  it("know the values of cells that they asked for, until the layout changes", () => {
    expect(units.valuesOf(3, 20)).toBeNull();
    expect(units.valuesOf(3, 20)).toBeNull();
    expect(sent).toEqual([{ kind: "unit_values", grid: 20, unit: 3 }]);
    const values = { kind: "unit_values", revision: 0, grid: 20, unit: 3, count: 2 } as const;
    units.handles.unit_values!({ ...values, count: 3 }, bytesOf(1, 2)); // not whole
    expect(units.valuesOf(3, 20)).toBeNull();
    units.handles.unit_values!(values, bytesOf(1, 2));
    expect([...units.valuesOf(3, 20)!]).toEqual([1, 2]);
    units.clear();
    expect(units.valuesOf(3, 20)).toBeNull();
    expect(sent).toHaveLength(2);
  });
});

describe("the overlay of a unit", () => {
  const grid = new Grid({ size: 4, ids: [1, 5, 6], counts: [1, 1, 1] });
  const overlay = unitOverlay("middle", 7, grid, new Float32Array([0, 1, 2]), false);

  it("is darkest at zero and says the mean of each cell", () => {
    expect(overlay.words?.(6)).toBe("2.00");
    expect(overlay.sentence?.(5)).toBe("Mean activation of unit 7: 1.00");
    expect(overlay.colour(1)).not.toBe(overlay.colour(6));
    expect(overlay.colour(2)).toBe(0); // no cell
    expect(overlay.legend.title).toBe("Unit 7 of middle");
  });

  it("goes both ways from zero where means are negative", () => {
    const both = unitOverlay("middle", 7, grid, new Float32Array([-2, 0, 2]), false);
    expect(both.legend.scale?.ticks.map(({ at }) => at)).toContain(0.5);
    expect(overlay.legend.scale?.ticks.map(({ at }) => at)).not.toContain(0.5);
  });

  it("says so while nothing has come", () => {
    const none = unitOverlay("middle", 7, grid, null, false);
    expect(none.colour(5)).toBe(0);
    expect(none.legend.notes).toHaveLength(1);
  });
});
