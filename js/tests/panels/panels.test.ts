import { signal } from "@preact/signals";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { Place } from "../../src/geometry/place";
import { Panels, placesShown } from "../../src/panels/panels";
import type { BrowserMessage } from "../../src/protocol/messages";
import { Details } from "../../src/store/details";

const [A, B, C]: Place[] = [3, 5, 8].map((cell) => ({ grid: 20, cell }));

function setUp() {
  const sent: BrowserMessage[] = [];
  const connected = signal(true);
  const details = new Details((message) => sent.push(message));
  const wantCard = vi.fn();
  const opened = signal<Place | null>(null);
  const panels = new Panels({ connected, details, wantCard }, opened);
  const kinds = (kind: string) => sent.filter((message) => message.kind === kind);
  const requests = (kind: string) =>
    kinds(kind).map((message) => (message as { request: number }).request);
  const cells = () => panels.shown.value.map((panel) => panel.place.cell);
  const frame = (request: number, step: number, steps: number, done = step === steps) =>
    details.inspections.receive(
      {
        kind: "frame",
        request,
        ...A,
        step,
        steps,
        cosine: 0.5,
        cosines: [0.5],
        made: "direction only",
        done,
      },
      undefined,
    );
  return { sent, connected, details, wantCard, opened, panels, kinds, requests, cells, frame };
}

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

describe("which panels are shown", () => {
  it("is decided by what is pinned, then by what was opened", () => {
    expect(placesShown([], null)).toEqual([]);
    expect(placesShown([], A)).toEqual([A]);
    expect(placesShown([A], B)).toEqual([A, B]);
    expect(placesShown([A], { ...A })).toEqual([A]);
    expect(placesShown([A, B], C)).toEqual([A, B]);
  });

  it("opens a cell in place of the last, but beside a pinned one", () => {
    const { opened, panels, cells, requests } = setUp();
    opened.value = A;
    opened.value = B;
    expect(cells()).toEqual([5]);
    expect(requests("stop_inspect")).toEqual(requests("inspect").slice(0, 1));
    panels.pin(B);
    expect(opened.value).toBeNull();
    const kept = panels.shown.value[0];
    opened.value = C;
    expect(cells()).toEqual([5, 8]);
    expect(panels.shown.value[0]).toBe(kept); // its live picture goes on
    expect(requests("stop_inspect")).toHaveLength(1);
  });

  it("holds a third cell back while two are pinned, and says so", () => {
    const { opened, panels, cells } = setUp();
    for (const place of [A, B]) {
      opened.value = place;
      panels.pin(place);
    }
    opened.value = C;
    expect(cells()).toEqual([3, 5]);
    expect(panels.waiting.value).toEqual(C);
    panels.unpin(A);
    expect(cells()).toEqual([5, 8]);
    expect(panels.waiting.value).toBeNull();
  });

  it("keeps an unpinned panel until the next cell", () => {
    const { opened, panels, cells } = setUp();
    opened.value = A;
    panels.pin(A);
    panels.unpin(A);
    expect(cells()).toEqual([3]);
    opened.value = B;
    expect(cells()).toEqual([5]);
  });

  it("closes one thing at a time", () => {
    const { opened, panels, cells } = setUp();
    opened.value = A;
    panels.pin(A);
    opened.value = B;
    panels.shown.value[0].choose({ kind: "crop", at: 2 });
    expect(panels.closeOne()).toBe(true);
    expect(panels.shown.value[0].looking).toEqual({ kind: "live" });
    expect(cells()).toEqual([3, 5]);
    expect(panels.closeOne() && cells()).toEqual([3]);
    expect(panels.closeOne() && cells()).toEqual([]);
    expect(panels.closeOne()).toBe(false);
  });

  it("leaves no work behind", () => {
    const { opened, panels, requests, wantCard } = setUp();
    opened.value = A;
    panels.pin(A);
    opened.value = B;
    panels.shown.value[1].toggleVariants();
    panels.mix.value?.make();
    panels.dispose();
    const begun = ["inspect", "inspect_variants", "inspect_mix"].flatMap(requests);
    expect(requests("stop_inspect").sort()).toEqual(begun.sort());
    const asked = wantCard.mock.calls.length;
    vi.advanceTimersByTime(10_000);
    expect(wantCard.mock.calls.length).toBe(asked);
  });
});

describe("a live picture", () => {
  it("pauses, goes on and takes more steps", () => {
    const { opened, panels, kinds, frame } = setUp();
    opened.value = A;
    const live = panels.shown.value[0].live.value!;
    frame(live.request, 40, 112);
    expect(panels.step.value).toBe(40);
    live.pause(true);
    expect(live.state.value.paused).toBe(true);
    live.more(64);
    expect(live.state.value).toMatchObject({ paused: false, steps: 176 });
    frame(live.request, 112, 112); // was on its way when more was asked for
    expect(live.state.value).toMatchObject({ done: false, steps: 176 });
    frame(live.request, 176, 176);
    expect(live.state.value.done).toBe(true);
    live.more(64);
    expect(live.state.value).toMatchObject({ done: false, steps: 240 });
    expect(kinds("more_steps")).toHaveLength(2);
  });

  it("never goes back to an earlier frame", () => {
    const { opened, panels, frame } = setUp();
    opened.value = A;
    const live = panels.shown.value[0].live.value!;
    frame(live.request, 40, 112);
    frame(live.request, 16, 112);
    frame(live.request + 1, 99, 112); // nobody's
    expect(live.state.value.step).toBe(40);
    expect(live.state.value.trace).toEqual([[40, 0.5]]);
  });

  it("says why it cannot be made", () => {
    const { opened, panels, details } = setUp();
    opened.value = A;
    const live = panels.shown.value[0].live.value!;
    details.inspections.receive(
      { kind: "inspect_failed", request: live.request, message: "no memory" },
      undefined,
    );
    expect(live.state.value).toMatchObject({ failed: "no memory", done: true });
  });

  it("is forgotten with its variants when the kernel goes", () => {
    const { opened, panels, connected, details, requests, frame } = setUp();
    opened.value = A;
    const [panel] = panels.shown.value;
    panel.toggleVariants();
    expect(details.inspections.count).toBe(2);
    connected.value = false;
    expect(panel.variants.value).toBeNull();
    expect(details.inspections.count).toBe(0);
    connected.value = true;
    panel.toggleVariants();
    frame(requests("inspect_variants")[1], 64, 64);
    connected.value = false;
    expect(panel.variants.value).not.toBeNull(); // what is finished stays to be looked at
    opened.value = null;
    expect(details.inspections.count).toBe(0);
  });

  it("is asked for again by a kernel that comes back", () => {
    const { opened, connected, kinds } = setUp();
    opened.value = A;
    connected.value = false;
    expect(kinds("inspect")).toHaveLength(1);
    connected.value = true;
    expect(kinds("inspect")).toHaveLength(2);
  });
});

describe("the mix", () => {
  const opened = () => {
    const all = setUp();
    all.opened.value = A;
    all.panels.pin(A);
    all.opened.value = B;
    return { ...all, mix: all.panels.mix.value! };
  };

  it("is made when asked for, of the cells that are shown", () => {
    const { kinds, mix } = opened();
    vi.advanceTimersByTime(10_000);
    expect(kinds("inspect_mix")).toHaveLength(0);
    mix.make();
    expect(kinds("inspect_mix")[0]).toMatchObject({
      grid: 20,
      cell: 3,
      other_grid: 20,
      other_cell: 5,
      share: 0.5,
    });
  });

  it("waits for the slider to rest and gives up what was before", () => {
    const { kinds, requests, mix } = opened();
    for (let at = 1; at <= 20; at++) {
      mix.slide(at / 100);
      vi.advanceTimersByTime(30);
    }
    expect(kinds("inspect_mix")).toHaveLength(0);
    vi.advanceTimersByTime(200);
    mix.slide(0.8);
    vi.advanceTimersByTime(200);
    expect(kinds("inspect_mix")).toMatchObject([{ share: 0.2 }, { share: 0.8 }]);
    expect(requests("stop_inspect")).toEqual(requests("inspect_mix").slice(0, 1));
  });

  it("ends with the pair", () => {
    const { panels, requests, mix } = opened();
    mix.make();
    mix.slide(0.9);
    panels.close(B);
    vi.advanceTimersByTime(1000);
    expect(panels.mix.value).toBeNull();
    expect(requests("inspect_mix")).toHaveLength(1);
    expect(requests("stop_inspect")).toContain(requests("inspect_mix")[0]);
  });
});
