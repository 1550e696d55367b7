import { describe, expect, it } from "vitest";
import { Causes } from "../../src/causes/causes";
import type { BrowserMessage } from "../../src/protocol/messages";
import { TEST } from "./causal_test_message";

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
