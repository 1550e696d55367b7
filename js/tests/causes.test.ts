import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import {
  type CausalTest,
  describeMeaning,
  describeNumbers,
  meanChanges,
  rangeOf,
  readCausalTest,
  ticksOf,
} from "../src/causes/causal_test";
import { Causes } from "../src/causes/causes";
import { readCues } from "../src/causes/cues";
import { LivePatch, type PatchAsk } from "../src/causes/live_patch";
import {
  describeChange,
  fitted,
  LARGEST,
  movedByKey,
  type PatchClasses,
  resized,
  SMALLEST,
} from "../src/causes/patch";
import { describePatchTest, readPatchTest } from "../src/causes/patch_test";
import { Running } from "../src/causes/running";
import type { BrowserMessage } from "../src/messages";
import { formatShare } from "../src/numbers";

const TEST = {
  kind: "causal_test" as const,
  request: 1,
  what: "direction removed at one position",
  pictures: 2,
  names: ["cat", "cup"],
  predicted: [-1, 0.2, -3, 0.4],
  actual: [-0.8, 0.1, -2.2, 0.1],
  correlation: 0.97,
  low: 0.9,
  high: 0.99,
  slope: 0.75,
};

describe("a test of a cause", () => {
  const test = readCausalTest(TEST);
  const with_ = (more: Partial<CausalTest>) => ({ ...test, ...more });

  it("has a point for each crop and score", () => {
    expect(test.points).toHaveLength(4);
    expect(test.points[2]).toEqual({ score: 0, predicted: -3, actual: -2.2 });
    expect(test.points[3].score).toBe(1);
    expect(readCausalTest({ ...TEST, actual: [-0.8, null, -2.2, 0.1] }).points).toHaveLength(3);
  });

  it("names what changed most", () => {
    expect(meanChanges(test).map(({ name }) => name)).toEqual(["cat", "cup"]);
    expect(meanChanges(test)[0].change).toBeCloseTo(-1.5);
    expect(describeMeaning(test)).toContain("“cat” changes most, by −1.50");
  });

  it("says its numbers with the interval and n", () => {
    expect(describeNumbers(test)).toBe("r = 0.97 [0.90, 0.99] · n = 2 crops × 2 classes");
    const none = with_({ correlation: null, pictures: 1, names: ["cat"] });
    expect(describeNumbers(none)).toBe("no correlation · n = 1 crop");
  });

  it.each([
    [{}, "is what happens, at 75 % of the predicted size"],
    [{ slope: 0.4 }, "only 40 % of the predicted size: the rest of the network makes up"],
    [{ slope: 2 }, "enlarges the change"],
    [{ correlation: 0.6 }, "predicts roughly"],
    [{ correlation: 0.3, low: 0.1 }, "only a little"],
    [{ correlation: 0.4, low: -0.1 }, "does not tell here what happens"],
    [{ correlation: null, low: null }, "Too few crops"],
    [{ points: [{ score: 0, predicted: 0, actual: 0 }] }, "Nothing was changed"],
  ])("says in words what %j means", (more, words) => {
    expect(describeMeaning(with_(more))).toContain(words);
  });

  it("has axes alike, with zero and round numbers", () => {
    const range = rangeOf(test.points);
    expect(range.low).toBeLessThan(-3);
    expect(range.high).toBeGreaterThan(0.4);
    const ticks = ticksOf(range);
    expect(ticks).toContain(0);
    expect(ticks).toContain(-2);
    for (const size of [0.003, 0.7, 12, 4000]) {
      const count = ticksOf({ low: -size, high: size / 2 }).length;
      expect(count).toBeGreaterThanOrEqual(3);
      expect(count).toBeLessThanOrEqual(7);
    }
    const nothing = rangeOf([]);
    expect(nothing.high).toBeGreaterThan(nothing.low);
  });
});

describe("a patch on an image", () => {
  const place = { x: 0.5, y: 0.5, size: 0.3 };

  it("stays within the image, whatever is asked", () => {
    const { x, y, size } = fitted({ x: -3, y: 9, size: 0.3 });
    expect([x, y, size]).toEqual([0.15, 0.85, 0.3]);
    expect(fitted({ ...place, size: 7 }).size).toBe(LARGEST);
    expect(fitted({ ...place, size: 0 }).size).toBe(SMALLEST);
  });

  it("is moved and resized by keys, further with Shift", () => {
    expect(movedByKey(place, "ArrowRight", false)?.x).toBeCloseTo(0.52);
    expect(movedByKey(place, "ArrowUp", true)?.y).toBeCloseTo(0.4);
    expect(movedByKey(place, "+", false)?.size).toBeCloseTo(0.32);
    expect(movedByKey(place, "-", false)?.size).toBeCloseTo(0.28);
    expect(movedByKey(place, "a", false)).toBeNull();
    expect(movedByKey({ ...place, x: 0.85 }, "ArrowRight", true)?.x).toBeCloseTo(0.85);
  });

  it("is resized by its corner while the other corner stays", () => {
    const larger = resized(place, 0.8, 0.7);
    expect(larger.size).toBeCloseTo(0.45);
    expect(larger.x - larger.size / 2).toBeCloseTo(0.35);
    const whole = resized(place, 5, 5);
    expect(whole.x + whole.size / 2).toBeLessThanOrEqual(1 + 1e-9);
    expect(resized(place, 0, 0).size).toBe(SMALLEST);
  });

  it("says what the model says then", () => {
    const classes = [
      { index: 3, name: "cat", before: 0.001, after: 0.6, score: 4 },
      { index: 7, name: "moped", before: 0.8, after: 0.2, score: -1 },
    ];
    const shown = { image: 0, x: 0.5, y: 0.5, classes };
    expect(describeChange(shown)).toBe("“moped” becomes “cat”.");
    const same = { ...shown, classes: [{ ...classes[1], after: 0.7 }] };
    expect(describeChange(same)).toContain("Still “moped”: 80 % without the patch, 70 % with it");
    expect([0, 0.001, 0.5, 0.999, 1].map(formatShare)).toEqual([
      "0 %",
      "<1 %",
      "50 %",
      ">99 %",
      "100 %",
    ]);
  });
});

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

describe("what the kernel is asked about causes", () => {
  function setUp() {
    const sent: BrowserMessage[] = [];
    return { sent, causes: new Causes((message) => sent.push(message)) };
  }
  const CHANGE = {
    grid: 20,
    cells: [3],
    change: "remove",
    amount: 1,
    where: "sample",
    classes: [],
  };

  it("is answered by request, with progress on the way", () => {
    const { sent, causes } = setUp();
    const running = causes.change(CHANGE);
    const { request } = running;
    expect(sent).toEqual([{ kind: "causal_test", ...CHANGE, request }]);
    causes.receive({ kind: "task_progress", request, done: 8, total: 32 }, undefined);
    expect(running.state.value).toEqual({ stage: "running", done: 8, total: 32 });
    causes.receive({ ...TEST, request: request + 99 }, undefined);
    expect(running.ended).toBe(false);
    causes.receive({ ...TEST, request }, undefined);
    expect(running.state.value).toMatchObject({ stage: "done", result: { pictures: 2 } });
    running.stop();
    expect(sent).toHaveLength(1);
  });

  it("may be stopped, which the kernel is told once, and then nothing of it comes", () => {
    const { sent, causes } = setUp();
    const running = causes.findCues(20, 1, 2);
    running.stop();
    running.stop();
    const { request } = running;
    expect(sent.slice(1)).toEqual([{ kind: "stop_task", request }]);
    causes.receive({ kind: "task_failed", request, message: "late" }, undefined);
    expect(running.ended).toBe(false);
  });

  it("is not asked for the same images again and again", () => {
    const { sent, causes } = setUp();
    causes.wantImages(0);
    causes.wantImages(0);
    causes.wantPicture(4);
    causes.wantPicture(4);
    expect(sent.map(({ kind }) => kind)).toEqual(["source_images", "patch_picture"]);
    const images = {
      kind: "source_images" as const,
      first: 0,
      total: 3,
      images: [0, 2],
      names: ["a", "c"],
      tile: 64,
      columns: 2,
    };
    causes.receive(images, undefined);
    expect(causes.images.map(({ image, tile }) => [image, tile[1]])).toEqual([
      [0, 0],
      [2, 64],
    ]);
    causes.wantImages(12);
    expect(sent).toHaveLength(2);
  });
});

describe("what came of a patch on many images", () => {
  const message = {
    kind: "patch_tested" as const,
    request: 1,
    name: "cat",
    images: 20,
    conditions: ["patch", "noise", "patch", "noise"],
    protocols: ["corner", "corner", "best corner", "best corner"],
    counts: [20, 20, 20, 20],
    flips: [4, 0, 9, 1],
    low: [0.1, 0, 0.3, 0],
    high: [0.4, 0.1, 0.6, 0.2],
    left_out: ["2 taken for 'cat' already"],
    confirmed: true,
  };

  it("is told by protocol, each with its controls", () => {
    const test = readPatchTest(message);
    expect(test.protocols.map(({ protocol }) => protocol)).toEqual(["corner", "best corner"]);
    expect(test.protocols[1].outcomes[0]).toMatchObject({ condition: "patch", flips: 9 });
    expect(describePatchTest(test)).toContain("makes images into “cat”");
    expect(describePatchTest({ ...test, confirmed: false })).toContain("Not more than chance");
    const none = readPatchTest({ ...message, confirmed: false, flips: [0, 0, 0, 0] });
    expect(describePatchTest(none)).toContain("none of 20 images");
  });
});

describe("cues", () => {
  it("keep what could not be measured apart from zero", () => {
    const report = readCues({
      kind: "cues",
      request: 1,
      grid: 10,
      candidates: 5,
      samples: 300,
      cells: [17, 4],
      argue_for: ["cat", "moped"],
      seen_in: ["moped", "cat"],
      counts: [9, 3],
      influence: [0.4, 0.1],
      predicted: [0, null],
      measured: [0, null],
      images: [12, 0],
      flips: [0, null],
      noise: [0, null],
      confirmed: [1, 0],
      notices: [],
      tile: 64,
      columns: 6,
    });
    expect(report.cues[0]).toMatchObject({ measured: 0, flips: 0, confirmed: true });
    expect(report.cues[1]).toMatchObject({ measured: null, flips: null, confirmed: false });
  });
});
