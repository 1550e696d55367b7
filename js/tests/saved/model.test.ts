import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { type KernelMessage, parseKernelMessage } from "../../src/protocol/messages";
import { SavedModel } from "../../src/saved/model";
import { Store } from "../../src/store/store";
import { makePage } from "./page";

const CELL = { grid: 2, cell: 0 };

function open(page = makePage()) {
  const read: number[] = [];
  const model = new SavedModel(page, (block) => {
    read.push(block);
    return new Uint8Array([block]);
  });
  const heard: { message: KernelMessage; bytes: number[] }[] = [];
  model.on("msg:custom", ((message: KernelMessage, buffers: DataView[]) => {
    heard.push({ message, bytes: buffers.map((buffer) => buffer.getUint8(0)) });
  }) as never);
  const ask = async (message: object) => {
    heard.length = 0;
    model.send(message);
    await vi.advanceTimersByTimeAsync(10);
    return heard.map((each) => each.message);
  };
  return { model, heard, read, ask };
}

describe("the model of a saved page", () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => void vi.useRealTimers());

  it("says first what a view has to know, in messages that the protocol has", async () => {
    const { ask } = open();
    const said = await ask({ kind: "ready", view: "a", revision: -1 });
    expect(said.map(({ kind }) => kind)).toEqual([
      "classes",
      "layout",
      "notes",
      "labels",
      "labels",
      "sheet",
    ]);
    for (const message of said) expect(parseKernelMessage(message)).toBe(message);
  });

  it("reads a sheet only when one of its cells is looked at", async () => {
    const { ask, heard, read } = open();
    await ask({ kind: "ready", view: "a", revision: -1 });
    expect(read).toEqual([0]); // the coarsest grid stands in for the finer one
    const said = await ask({ kind: "visible", grid: 4, cells: [15], near: [] });
    expect(said.map((message) => message.kind === "sheet" && message.sheet)).toEqual([2]);
    expect(heard[0].bytes).toEqual([2]);
    expect(await ask({ kind: "visible", grid: 4, cells: [14, 15], near: [] })).toEqual([]);
    await ask({ kind: "acknowledge", sheet: 2 });
    expect(await ask({ kind: "missing", group: "cell:4", numbers: [14] })).toHaveLength(1);
  });

  it("waits with further sheets until some are decoded", async () => {
    const page = makePage();
    const [sheet] = page.sheets;
    page.sheets = Array.from({ length: 9 }, (_, at) => ({
      block: at,
      message: { ...sheet.message, sheet: at, group: "cell:4", numbers: [at] },
    }));
    const { ask } = open(page);
    const cells = page.sheets.map((_, at) => at);
    expect(await ask({ kind: "visible", grid: 4, cells, near: [] })).toHaveLength(4);
    expect(await ask({ kind: "acknowledge", sheet: 0 })).toHaveLength(1);
  });

  it("tells a cell's card with its classes", async () => {
    const { ask } = open();
    const [card] = await ask({ kind: "hover", ...CELL });
    expect(parseKernelMessage(card)).toBe(card);
    expect(card).toMatchObject({
      kind: "card",
      count: 5,
      cosine: 0.5,
      made: "direction + statistics of 5 crops",
      crops: 0,
      classes: [
        { index: 0, label: "tabby", value: 0.5, low: 0.25, high: 0.75 },
        { index: 1, label: "</script>", value: 0.1, low: -0.1, high: 0.3 },
      ],
      against: [{ index: 2, label: "<b>bold</b>", value: -0.4 }],
    });
    const [unknown] = await ask({ kind: "hover", grid: 4, cell: 15 });
    expect(unknown).toMatchObject({ classes: null, against: null, count: 3 });
    expect(await ask({ kind: "hover", grid: 4, cell: 7 })).toEqual([]);
  });

  it("finds the cells that clearly argue for a class, strongest first", async () => {
    const { ask } = open();
    expect(await ask({ kind: "strongest", grid: 2, classes: [0] })).toMatchObject([
      { kind: "strongest", cells: [0, 3], values: [0.5, 0.2], known: 2, total: 2 },
    ]);
    // class 1 is among the strongest of cell 0, but its interval spans zero
    expect(await ask({ kind: "strongest", grid: 2, classes: [1] })).toMatchObject([
      { cells: [3], values: [0.9] },
    ]);
  });

  it("has the influence that it holds, and says where it holds none", async () => {
    const { ask } = open();
    const [told] = await ask({ kind: "influence", grid: 2, class: 2, cells: [0, 3] });
    expect(told).toMatchObject({ values: [-0.4, null], low: [-0.5, null], high: [-0.3, null] });
    const [clear] = await ask({ kind: "influence", grid: 2, class: 0, cells: [0, 3] });
    expect(clear).toMatchObject({ values: [0.5, 0.2], low: [0.25, 0.1] });
  });

  it("tells the values of classes that two cells are compared by", async () => {
    const { ask } = open();
    const [told] = await ask({ kind: "class_values", ...CELL, classes: [2, 5] });
    expect(told).toMatchObject({ kind: "class_values", classes: [{ index: 2, value: -0.4 }] });
  });

  it("is silent where a kernel would be needed", async () => {
    const { ask } = open();
    for (const kind of ["split", "units", "graph", "causal_test", "real_crops", "diagnoses"]) {
      expect(await ask({ kind, ...CELL, cells: [0], classes: [], request: 1 })).toEqual([]);
    }
  });

  it("stands behind a store: what needs a kernel is not offered", async () => {
    const page = makePage();
    page.traits.capabilities = [];
    const { model } = open(page);
    const store = new Store(model);
    await vi.advanceTimersByTimeAsync(10);
    expect(store.layout.peek()?.grids.map(({ size }) => size)).toEqual([2, 4]);
    expect(store.classes.names.peek()).toContain("</script>");
    for (const ability of ["live", "experiments", "layers", "photo", "python"] as const) {
      expect(store.can(ability)).toBe(false);
    }
    store.wantCard(CELL);
    await vi.advanceTimersByTimeAsync(10);
    expect(store.cards.get("cell:2:0" as never)?.count).toBe(5);
    store.dispose();
  });

  it("does not ask for ever for an influence that the page does not hold", async () => {
    const page = makePage();
    const { model } = open(page);
    const store = new Store(model);
    await vi.advanceTimersByTimeAsync(10);
    const send = vi.spyOn(model, "send");
    store.influences.want({}, 2, 2, [0, 3]);
    await vi.advanceTimersByTimeAsync(60_000);
    const asked = send.mock.calls.filter(
      ([message]) => (message as { kind: string }).kind === "influence",
    );
    expect(asked).toHaveLength(1);
    expect([...store.influences.withoutValue(2, 2)]).toEqual([3]);
    expect(store.influences.waitingFor(2, 2)).toBe(0);
    store.dispose();
  });

  it("keeps traits, and tells when a view has set some", () => {
    const { model } = open();
    const saved = vi.fn();
    const changed = vi.fn();
    model.onSave = saved;
    model.on("change:level", changed);
    model.set("level", 4);
    model.set("level", 4);
    model.save_changes();
    expect(model.get("level")).toBe(4);
    expect(changed).toHaveBeenCalledTimes(1);
    expect(saved).toHaveBeenCalledTimes(1);
    model.off("change:level", changed);
    model.set("level", 2);
    expect(changed).toHaveBeenCalledTimes(1);
  });
});
