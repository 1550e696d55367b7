// @vitest-environment happy-dom
import type { AnyModel } from "@anywidget/types";
import { WidgetModel } from "@jupyter-widgets/base/lib/widget.js";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { Link } from "../../src/store/link";

type Status = (message: { content: object; parent_header: object }) => void;

/**
 * ipywidgets' own model on a line that does not answer by itself. These tests fail where a newer
 * version of it names, or does, otherwise what src/store/receipts.ts makes use of.
 */
function connect() {
  const sent: { state: object; date: string; status: Status }[] = [];
  const comm = {
    comm_id: "1",
    send: (data: { state: object }, callbacks: { iopub: { status: Status } }) => {
      const date = new Date().toISOString();
      sent.push({ state: data.state, date, status: callbacks.iopub.status });
      return String(sent.length);
    },
    on_close() {},
    on_msg() {},
  };
  const model = new WidgetModel({}, {
    model_id: "1",
    comm,
    widget_manager: { callbacks: () => ({}) },
  } as unknown as ConstructorParameters<typeof WidgetModel>[1]);
  const link = new Link(model as unknown as AnyModel);
  const answer = (index: number, execution_state = "idle") => {
    const { status, date } = sent[index];
    status({ content: { execution_state }, parent_header: { date } });
  };
  const pending = () => (model as unknown as { _pending_msgs: number })._pending_msgs;
  const states = () => sent.map(({ state }) => state);
  return { link, sent, answer, pending, states };
}

describe("a trait that is set", () => {
  let errors: unknown[];
  beforeEach(() => {
    vi.useFakeTimers();
    errors = [];
    vi.spyOn(console, "error").mockImplementation((...text) => void errors.push(text));
  });
  afterEach(() => {
    // ipywidgets complains where more receipts come than were expected.
    expect(errors).toEqual([]);
    vi.restoreAllMocks();
    vi.useRealTimers();
  });

  it("waits for the receipt of the one before", () => {
    const { link, answer, pending, states } = connect();
    link.set({ level: 1 });
    link.set({ level: 2 });
    expect(states()).toEqual([{ level: 1 }]);
    expect(pending()).toBe(1);
    answer(0, "busy");
    expect(states()).toHaveLength(1);
    answer(0);
    expect(states()).toEqual([{ level: 1 }, { level: 2 }]);
  });

  it("is sent all the same where that receipt was lost", () => {
    const { link, pending, states } = connect();
    link.set({ level: 1 });
    link.set({ level: 2 });
    vi.advanceTimersByTime(3900);
    expect(states()).toHaveLength(1);
    vi.advanceTimersByTime(200);
    expect(states()).toEqual([{ level: 1 }, { level: 2 }]);
    expect(pending()).toBe(1);
  });

  it("still waits for its own where that receipt was only late", () => {
    const { link, answer, pending, states } = connect();
    link.set({ level: 1 });
    link.set({ level: 2 });
    vi.advanceTimersByTime(4100);
    answer(0);
    expect(pending()).toBe(1);
    link.set({ level: 3 });
    expect(states()).toHaveLength(2);
    answer(1);
    expect(states()).toEqual([{ level: 1 }, { level: 2 }, { level: 3 }]);
    answer(2);
    expect(pending()).toBe(0);
  });

  it("leaves nothing to be counted below zero, however late its receipt is", () => {
    const { link, answer, pending } = connect();
    link.set({ level: 1 });
    vi.advanceTimersByTime(4100);
    expect(pending()).toBe(0);
    answer(0);
    expect(pending()).toBe(0);
    vi.advanceTimersByTime(60_000);
    expect(pending()).toBe(0);
  });
});
