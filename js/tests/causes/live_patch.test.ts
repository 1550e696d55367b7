import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { LivePatch, type PatchAsk } from "../../src/causes/live_patch";
import type { PatchClasses } from "../../src/causes/patch";
import { Running } from "../../src/causes/running";

describe("a patch being dragged", () => {
  const ASK: PatchAsk = {
    image: 0,
    grid: 20,
    cell: 3,
    crop: -1,
    x: 0.5,
    y: 0.5,
    size: 0.3,
    corners: false,
    class: 1,
  };
  const answer = (x: number): PatchClasses => ({ image: 0, x, y: 0.5, classes: [] });

  function setUp() {
    const asked: { ask: PatchAsk; running: Running<PatchClasses> }[] = [];
    const corners: number[] = [];
    const live = new LivePatch(
      (ask) => {
        const running = new Running<PatchClasses>(
          asked.length,
          () => {},
          () => {},
        );
        asked.push({ ask, running });
        return running;
      },
      (x) => corners.push(x),
    );
    return { asked, corners, live };
  }

  beforeEach(() => {
    vi.useFakeTimers();
  });
  afterEach(() => {
    vi.useRealTimers();
  });

  it("has one question on its way, and asks the latest next", () => {
    const { asked, live } = setUp();
    for (const x of [0.1, 0.2, 0.3, 0.4]) live.want({ ...ASK, x });
    expect(asked.map(({ ask }) => ask.x)).toEqual([0.1]);
    asked[0].running.finish(answer(0.1));
    expect(live.shown.value?.x).toBe(0.1);
    expect(asked.map(({ ask }) => ask.x)).toEqual([0.1, 0.4]);
    asked[1].running.finish(answer(0.4));
    expect(asked).toHaveLength(2);
  });

  it("goes on after an answer that was lost, and after one that failed", () => {
    const { asked, live } = setUp();
    live.want(ASK);
    vi.advanceTimersByTime(10_000);
    live.want({ ...ASK, x: 0.7 });
    expect(asked).toHaveLength(2);
    asked[1].running.fail("There is no image 7.");
    expect(live.failed.value).toBe("There is no image 7.");
    live.want({ ...ASK, x: 0.8 });
    asked[2].running.finish(answer(0.8));
    expect(live.failed.value).toBe("");
  });

  it("hears where the best corner is, and nothing once nobody looks", () => {
    const { asked, corners, live } = setUp();
    live.want({ ...ASK, corners: true });
    asked[0].running.finish(answer(0.85));
    expect(corners).toEqual([0.85]);
    live.want(ASK);
    live.dispose();
    asked[1].running.finish(answer(0.2));
    expect(live.shown.value?.x).toBe(0.85);
  });
});
