import { signal } from "@preact/signals";
import { beforeEach, describe, expect, it, vi } from "vitest";
import type { BrowserMessage, KernelMessageOf } from "../../src/protocol/messages";
import { reachOfMaps } from "../../src/units/blocks";
import { OpenUnit } from "../../src/units/open_unit";
import { decodeToCanvas } from "../../src/util/decode";

vi.mock("../../src/util/decode", () => ({ decodeToCanvas: vi.fn() }));

const page = (unit: number): KernelMessageOf<"unit"> => ({
  kind: "unit",
  revision: 0,
  unit,
  dead: false,
  low: -1,
  high: 3,
  bins: [1, 2],
  examples: [3, 2],
  names: ["a.jpg", "<b>"],
  samples: [7, 3],
  quilt_low: [-1, 0],
  quilt_high: [0, 3],
  quilt_counts: [10, 20],
  quilt_tiles: [5, 3],
  quilt_mixes: [1, 2],
  quilt_labels: ["dog", "cat", "<i>"],
  quilt_shares: [0.5, 0.75, 0.25],
  grid: 20,
  cells: [7],
  means: [1.5],
  strongest: [7, 9],
  relatives: [1],
  correlations: [-0.5],
  label: null,
  label_count: 0,
  label_total: 0,
  label_share: null,
  label_low: null,
  label_high: null,
  label_base: null,
  label_floor: null,
  tile: 64,
  columns: 8,
});

describe("the open unit", () => {
  let sent: BrowserMessage[];
  let unit: OpenUnit;
  const connected = signal(true);
  beforeEach(() => {
    sent = [];
    connected.value = true;
    unit = new OpenUnit((sentNow) => sent.push(sentNow), connected);
    vi.mocked(decodeToCanvas).mockResolvedValue({ width: 512, height: 64 } as never);
  });

  it("is not asked for without a kernel", () => {
    connected.value = false;
    unit.turnTo(3);
    unit.stop("scan");
    expect(sent).toEqual([]);
  });

  it("has a page whose quilt’s tiles come after the examples’", async () => {
    unit.turnTo(3);
    expect(sent).toEqual([{ kind: "unit", unit: 3 }]);
    unit.handles.unit!(page(3), new Uint8Array([1]));
    expect(unit.page.value?.quilt.map(({ first, tiles }) => [first, tiles])).toEqual([
      [2, 5],
      [7, 3],
    ]);
    expect(unit.page.value?.quilt.map(({ labels }) => labels)).toEqual([
      [{ label: "dog", share: 0.5 }],
      [
        { label: "cat", share: 0.75 },
        { label: "<i>", share: 0.25 },
      ],
    ]);
    await vi.waitFor(() => expect(unit.page.value?.sheet).not.toBeNull());
  });

  it("drops what comes about a page that was left", async () => {
    unit.turnTo(3);
    unit.handles.unit!(page(3), undefined);
    const measure: KernelMessageOf<"unit_picture"> = {
      kind: "unit_picture",
      revision: 0,
      unit: 3,
      picture: "neuron",
      activation: 9,
      beyond: 1,
      ratio: 3,
      made: "",
    };
    unit.handles.unit_picture!(measure, undefined);
    expect(unit.measures.value.get("neuron")?.activation).toBe(9);
    unit.turnTo(null);
    expect(sent.at(-1)).toEqual({ kind: "unit", unit: -1 });
    expect(unit.page.value).toBeNull();
    unit.handles.unit_picture!(measure, undefined);
    const frame: KernelMessageOf<"unit_frame"> = {
      kind: "unit_frame",
      revision: 0,
      unit: 3,
      picture: "portrait",
      step: 4,
      steps: 64,
      activations: [1],
      made: "",
    };
    unit.handles.unit_frame!(frame, new Uint8Array([1]));
    await Promise.resolve();
    expect(unit.measures.value.size).toBe(0);
    expect(unit.frames.value.size).toBe(0);
  });

  it("has exact examples and a tuning once they come, of the open page only", async () => {
    unit.turnTo(3);
    unit.handles.unit!(page(3), undefined);
    unit.begin("scan");
    expect(sent.at(-1)).toEqual({ kind: "start_unit_work", work: "scan" });
    expect(unit.work.value.get("scan")).toMatchObject({ done: 0, failed: "" });
    const work = { kind: "unit_work", revision: 0, work: "scan", done: 5, total: 20 } as const;
    unit.handles.unit_work!({ ...work, failed: "no images" }, undefined);
    expect(unit.work.value.get("scan")).toMatchObject({ done: 5, failed: "no images" });
    const examples: KernelMessageOf<"unit_examples"> = {
      kind: "unit_examples",
      revision: 0,
      unit: 3,
      images: 20,
      activations: [4, 2],
      names: ["a.jpg", "b.jpg"],
      numbers: [4, 9],
      labels: [null, "cat"],
      boxes: [0, 0.1, 0.2, 0.3, 0.5, 0.5, 1, 1],
      rim: [0, 1],
      tile: 112,
      columns: 6,
    };
    unit.handles.unit_examples!({ ...examples, unit: 4 }, new Uint8Array([1]));
    expect(unit.examples.value).toBeNull();
    unit.handles.unit_examples!(examples, new Uint8Array([1]));
    expect(unit.examples.value?.examples[1]).toEqual({
      activation: 2,
      image: 9,
      name: "b.jpg",
      label: "cat",
      box: [0.5, 0.5, 1, 1],
      atRim: true,
    });
    await vi.waitFor(() => expect(unit.examples.value?.sheet).not.toBeNull());
    unit.handles.unit_tuning!(
      {
        kind: "unit_tuning",
        revision: 0,
        unit: 3,
        side: 40,
        sets: ["a", "b"],
        rows: [1, 2],
        columns: [2, 1],
        row_names: ["r", "s"],
        column_names: ["c", "d"],
        row_labels: ["1", "2", "3"],
        column_labels: ["x", "y", "z"],
        values: [1, -5, 2, null],
        z: [3, null],
        preferred: [90, null],
        selectivity: [0.5, null],
        tuned: [1, 0],
        tile: 64,
      },
      undefined,
    );
    const [a, b] = unit.tuning.value!.maps;
    expect([a.columns, a.values]).toEqual([
      ["x", "y"],
      [1, -5],
    ]);
    expect([b.rows, b.values, b.z]).toEqual([["2", "3"], [2, null], null]);
    expect(reachOfMaps([a, b])).toBe(5);
    unit.turnTo(null);
    expect(unit.examples.value).toBeNull();
    expect(unit.tuning.value).toBeNull();
  });

  it("stops a computation, and ends one that the kernel has stopped", () => {
    unit.turnTo(3);
    unit.begin("wiring");
    unit.stop("wiring");
    expect(sent.at(-1)).toEqual({ kind: "stop_unit_work", work: "wiring" });
    expect(unit.work.value.has("wiring")).toBe(false);
    unit.begin("twin");
    const none = { kind: "unit_work", revision: 0, work: "twin", done: 0, total: 0 } as const;
    unit.handles.unit_work!({ ...none, failed: "" }, undefined);
    expect(unit.work.value.has("twin")).toBe(false);
    unit.handles.unit_work!({ ...none, failed: "no images" }, undefined);
    expect(unit.work.value.get("twin")?.failed).toBe("no images");
  });

  it("has connections, each with its own weights", () => {
    unit.turnTo(3);
    unit.handles.unit!(page(3), undefined);
    const wiring: KernelMessageOf<"unit_wiring"> = {
      kind: "unit_wiring",
      revision: 0,
      unit: 3,
      images: 16,
      graph: "autograd",
      layers: ["stem", "stem", "last"],
      units: [4, 1, 9],
      below: [1, 1, 0],
      contributions: [2, -1, 3],
      lows: [1, null, 2],
      highs: [3, null, 4],
      shares: [0.5, 0.2, 0.9],
      rows: [1, 0, 2],
      columns: [2, 0, 1],
      weights: [1, -2, 5, 6],
      tile: 64,
    };
    unit.handles.unit_wiring!(wiring, undefined);
    const [first, second, third] = unit.wiring.value!.connections;
    expect(first.weights).toEqual({ rows: 1, columns: 2, values: [1, -2] });
    expect([second.low, second.weights.values]).toEqual([null, []]);
    expect([third.below, third.weights.values, third.tile]).toEqual([false, [5, 6], 2]);
    expect(unit.wiring.value!.connected).toBe(true);
    unit.turnTo(4);
    expect(unit.wiring.value).toBeNull();
  });

  it("has a control of its tuning, which goes with it", () => {
    unit.turnTo(3);
    unit.handles.unit!(page(3), undefined);
    const control = { set: "curves", best: 4, low: 0, high: 1, grey: 0.1 };
    const message = { kind: "unit_scrambled", revision: 0, unit: 3, ...control } as const;
    unit.handles.unit_scrambled!({ ...message, unit: 4 }, undefined);
    expect(unit.scrambled.value).toBeNull();
    unit.handles.unit_scrambled!(message, undefined);
    expect(unit.scrambled.value).toMatchObject(control);
    unit.turnTo(4);
    expect(unit.scrambled.value).toBeNull();
  });

  it("has classes, an untrained twin, and the label of its examples", () => {
    unit.turnTo(3);
    const label = { label: "cat", label_count: 12, label_total: 20, label_base: 0.1 };
    unit.handles.unit!({ ...page(3), ...label, label_low: 0.4, label_high: 0.8 }, undefined);
    expect(unit.page.value?.label).toMatchObject({ label: "cat", count: 12, low: 0.4, floor: 0 });
    const evidence = { classes: ["dog", null], values: [1, -2], lows: [0, -3], highs: [2, -1] };
    unit.handles.unit_classes!(
      { kind: "unit_classes", revision: 0, unit: 3, ...evidence },
      undefined,
    );
    expect(unit.classes.value?.map(({ name, low }) => [name, low])).toEqual([
      ["dog", 0],
      ["", -3],
    ]);
    const twin = { r: 0.4, floor: null, activations: [2], names: ["a.jpg"], tile: 112 };
    unit.handles.unit_twin!({ kind: "unit_twin", revision: 0, unit: 3, ...twin }, undefined);
    expect(unit.twin.value).toMatchObject({ r: 0.4, floor: null, tile: 112 });
  });
});
