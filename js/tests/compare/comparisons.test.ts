import { signal } from "@preact/signals";
import { describe, expect, it } from "vitest";
import { Comparisons } from "../../src/compare/comparisons";
import type { BrowserMessage } from "../../src/protocol/messages";
import { CELLS_A, CELLS_B, COMPARISON, SERIES, samplesOf, seriesOf } from "./messages";

function opened() {
  const sent: BrowserMessage[] = [];
  const state = new Comparisons((message) => sent.push(message), signal(true));
  const receive = () => {
    state.handles.comparison!(COMPARISON, samplesOf());
    const before = state.shown.value;
    state.handles.compared_cells!(CELLS_A, undefined);
    expect(state.shown.value).toBe(before);
    state.handles.compared_cells!(CELLS_B, undefined);
  };
  return { sent, state, receive };
}

const RUNNING = { kind: "comparing", running: true, words: "Comparing with late" } as const;

describe("a comparison", () => {
  it("is shown once the cells of both maps are here", () => {
    const { state, receive } = opened();
    receive();
    expect(state.shown.value?.samples).toBe(4);
  });

  it("is followed while it is made, and stays if the next one fails", () => {
    const { state, sent, receive } = opened();
    receive();
    state.compare("layer4");
    expect(sent).toEqual([{ kind: "compare", layer: "layer4" }]);
    state.handles.comparing!({ ...RUNNING, done: 1, total: 3, message: "" }, undefined);
    expect(state.running.value).toEqual({ words: "Comparing with late", done: 1, total: 3 });
    const message = "The atlases are of other images.";
    state.handles.comparing!({ ...RUNNING, running: false, done: 0, total: 0, message }, undefined);
    expect(state.running.value).toBeNull();
    expect(state.failed.value).toBe(message);
    expect(state.shown.value?.samples).toBe(4);
  });

  it("asks for pictures while it is shown", () => {
    const { state, sent, receive } = opened();
    state.look([0]);
    receive();
    state.look([0]);
    state.drop();
    expect(sent).toEqual([
      { kind: "compared_in_sight", numbers: [0] },
      { kind: "drop_comparison" },
    ]);
    expect(state.shown.value).toBeNull();
  });

  it("is followed by a series, and that by two atlases again", () => {
    const { state, receive } = opened();
    receive();
    state.handles.comparison_series!(SERIES, seriesOf());
    expect(state.shown.value).toBeNull();
    expect(state.series.value?.maps.length).toBe(2);
    receive();
    expect(state.series.value).toBeNull();
  });

  it("is void once another layout comes", () => {
    const { state, receive } = opened();
    receive();
    state.clear();
    expect(state.shown.value).toBeNull();
  });
});
