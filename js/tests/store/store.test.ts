import type { AnyModel } from "@anywidget/types";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { FROM_KERNEL, type KernelMessageOf } from "../../src/protocol/messages";
import { cellKey } from "../../src/protocol/picture_key";
import { Store } from "../../src/store/store";
import "../../src/views"; // their states have uses for messages too
import { Model } from "./model";

function layout(revision: number): KernelMessageOf<"layout"> {
  return {
    kind: "layout",
    revision,
    final: true,
    grids: [{ size: 4, ids: [0, 5], counts: [3, 7] }],
    samples: 10,
    images: 5,
    layer: "layer3",
    subject: [],
    axes: [],
  };
}

const labels = (revision: number) => ({
  kind: "labels",
  revision,
  grid: 4,
  cells: [5],
  labels: ["cat"],
  winners: [7],
  seconds: [null],
  leading: [7],
});

describe("the store", () => {
  let model: Model;
  let store: Store;
  beforeEach(() => {
    vi.useFakeTimers();
    model = new Model();
    store = new Store(model as unknown as AnyModel);
  });
  afterEach(() => {
    store.dispose();
    vi.useRealTimers();
  });
  const say = (message: object) => model.emit("msg:custom", message);

  it("has a use for every kind of message that the kernel may send", () => {
    expect(new Set(store.kinds)).toEqual(new Set(Object.keys(FROM_KERNEL)));
  });

  it("announces itself until there is a layout", () => {
    vi.advanceTimersByTime(3500);
    expect(model.sent.length).toBeGreaterThan(1);
    say(layout(0));
    const before = model.sent.length;
    vi.advanceTimersByTime(60_000);
    expect(model.sent.length).toBe(before);
  });

  it("forgets what was known of the cells when another layout comes", () => {
    say(layout(0));
    say(labels(0));
    expect(store.label(cellKey(4, 5))).toBe("cat");
    say(labels(1)); // overtook its layout, and is told again with it
    say(layout(1));
    expect(store.label(cellKey(4, 5))).toBeNull();
    say(labels(0));
    expect(store.label(cellKey(4, 5))).toBeNull();
    say(labels(1));
    expect(store.label(cellKey(4, 5))).toBe("cat");
  });

  it("keeps it where the same layout comes once more", () => {
    say(layout(0));
    say(labels(0));
    say({ ...layout(0), final: true });
    expect(store.label(cellKey(4, 5))).toBe("cat");
  });

  it("asks for a card again once its picture is finished", () => {
    say(layout(0));
    const card = {
      kind: "card",
      revision: 0,
      grid: 4,
      cell: 5,
      count: 7,
      cosine: null,
      rank: null,
    };
    const words = {
      state: "crop",
      made: "",
      label: "cat",
      why_not: "",
      look: "",
      lead: null,
      classes: [],
      against: [],
      crops: 0,
      tile: 64,
    };
    say({ ...card, ...words });
    const place = { grid: 4, cell: 5 };
    const asked = () =>
      model.sent.filter((sent) => (sent as { kind: string }).kind === "hover").length;
    store.wantCard(place);
    expect(asked()).toBe(0);
    const picture = { key: cellKey(4, 5), state: "final", cosine: 0.7, rank: 1 };
    vi.spyOn(store.pictures, "get").mockReturnValue(picture as never);
    store.wantCard(place);
    expect(asked()).toBe(1);
    say({ ...card, ...words, state: "final", made: "direction only" });
    store.wantCard(place);
    expect(asked()).toBe(1);
  });

  it("listens no more once it is disposed of", () => {
    store.dispose();
    expect(model.count).toBe(0);
  });
});
