import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { type Viewpoint, Viewpoints } from "../../src/view/viewpoints";

const REST = 600; // longer than a view has to rest

const viewpoint = (layer: string, showing = "atlas", unit: number | null = null): Viewpoint => ({
  layer,
  showing,
  unit,
  viewport: [0, 0, 1, 1],
  levels: "auto" as Viewpoint["levels"],
  home: true,
});

describe("viewpoints", () => {
  let now: Viewpoint | null;
  let viewpoints: Viewpoints;
  const taken: Viewpoint[] = [];
  beforeEach(() => {
    vi.useFakeTimers();
    taken.length = 0;
    viewpoints = new Viewpoints({
      viewpoint: () => now,
      size: () => ({ width: 800, height: 600 }),
      take: (one) => {
        taken.push(one);
        now = one;
      },
    });
  });
  afterEach(() => {
    viewpoints.dispose();
    vi.useRealTimers();
  });
  const look = (one: Viewpoint | null) => {
    now = one;
    viewpoints.moved();
    vi.advanceTimersByTime(REST);
  };

  it("lead back from layer to layer, as one went through them", () => {
    const way = [
      viewpoint("a"),
      viewpoint("a", "graph"),
      viewpoint("b", "units"),
      viewpoint("b", "units", 7),
      viewpoint("c", "units", 2),
    ];
    way.forEach(look);
    for (let step = 0; step < 4; step++) viewpoints.go(-1);
    expect(taken).toEqual(way.slice(0, 4).reverse());
    expect(viewpoints.go(-1)).toBe(false);
    viewpoints.go(1);
    expect(taken.at(-1)).toEqual(way[1]);
  });

  it("are none while a layer is on its way", () => {
    look(viewpoint("a", "graph"));
    look(null);
    look(viewpoint("b", "units"));
    viewpoints.go(-1);
    expect(taken).toEqual([viewpoint("a", "graph")]);
  });

  it("of a map whose cells are others are forgotten, those of units and other layers are not", () => {
    const way = [viewpoint("b"), viewpoint("a", "units", 3), viewpoint("a")];
    way.forEach(look);
    viewpoints.forget("a");
    now = { ...viewpoint("a"), home: false, viewport: [0.4, 0.4, 0.6, 0.6] };
    vi.advanceTimersByTime(REST);
    while (viewpoints.go(-1));
    expect(taken).toEqual([way[1], way[0]]);
  });
});
