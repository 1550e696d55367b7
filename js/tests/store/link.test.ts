import type { AnyModel } from "@anywidget/types";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { BrowserMessage } from "../../src/protocol/messages";
import { Link } from "../../src/store/link";
import { Model } from "./model";

const NOTHING: BrowserMessage = { kind: "missing", group: "cell:20", numbers: [] };

function connect() {
  const model = new Model();
  return { model, link: new Link(model as unknown as AnyModel) };
}

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

describe("the line to the kernel", () => {
  it("is down when the host says so, and up when something is heard", () => {
    const { model, link } = connect();
    link.onMessage(() => {});
    model.emit("comm_live_update");
    expect(link.connected.value).toBe(false);
    model.emit("msg:custom", { kind: "notice" });
    expect(link.connected.value).toBe(true);
  });

  it("is down when a message cannot be sent", () => {
    const { model, link } = connect();
    model.gone = true;
    link.send(NOTHING);
    expect(link.connected.value).toBe(false);
  });

  it("is tried after a silence, and only then", () => {
    const { model, link } = connect();
    link.onTrait("status", () => {});
    link.pingIfSilent(NOTHING);
    vi.advanceTimersByTime(1900);
    model.set("status", {});
    vi.advanceTimersByTime(1900);
    link.pingIfSilent(NOTHING);
    expect(model.sent).toEqual([]);
    vi.advanceTimersByTime(200);
    link.pingIfSilent(NOTHING);
    link.pingIfSilent(NOTHING);
    expect(model.sent).toEqual([NOTHING]);
    model.gone = true;
    vi.advanceTimersByTime(2100);
    link.pingIfSilent(NOTHING);
    expect(link.connected.value).toBe(false);
  });

  it("tells what Python set, not what a view did", () => {
    const { model, link } = connect();
    const heard: unknown[] = [];
    link.onTrait("selection", (value) => heard.push(value));
    link.set({ selection: [1] });
    model.set("selection", [2]);
    model.set("selection", [1]);
    expect(heard).toEqual([[2], [1]]);
  });

  it("leaves no listeners behind", () => {
    const { model, link } = connect();
    link.onTrait("status", () => {});
    link.onMessage(() => {});
    link.dispose();
    expect(model.count).toBe(0);
  });
});
