import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { type Part, Parts } from "../../src/protocol/parts";

const NONE = { cells: [], labels: [], winners: [], seconds: [], leading: [] };
const LABELS = { kind: "labels", grid: 4, ...NONE };
const NOTICE = { kind: "notice", message: "hello" };

describe("the parts of what the browser knows", () => {
  let warnings: string[];
  beforeEach(() => {
    warnings = [];
    vi.spyOn(console, "warn").mockImplementation((text) => void warnings.push(text));
  });
  afterEach(() => vi.restoreAllMocks());

  const listening = (...parts: Part[]) => {
    const all = new Parts();
    for (const part of parts) all.add(part);
    return all;
  };

  it("hear the messages of their kinds, with their bytes", () => {
    const heard: unknown[] = [];
    const parts = listening(
      { handles: { notice: (message, bytes) => heard.push([message, bytes]) } },
      { handles: { labels: () => heard.push("labels") } },
    );
    parts.receive(NOTICE, Uint8Array.of(1), 0);
    expect(heard).toEqual([[NOTICE, Uint8Array.of(1)]]);
    expect(parts.kinds).toEqual(["notice", "labels"]);
  });

  it("hear nothing of another layout, unless they ask for it", () => {
    const heard: number[] = [];
    const handles = { labels: (message: { revision: number }) => heard.push(message.revision) };
    for (const revision of [1, 2, 3]) {
      listening({ handles }).receive({ ...LABELS, revision }, undefined, 2);
    }
    expect(heard).toEqual([2]);
    listening({ handles, ofAnyRevision: true }).receive({ ...LABELS, revision: 3 }, undefined, 2);
    expect(heard).toEqual([2, 3]);
  });

  it("do not share a kind", () => {
    const handles = { notice: () => {} };
    expect(() => listening({ handles }, { handles })).toThrow("notice");
  });

  it("are spared what is malformed, and what nobody handles is told", () => {
    const handle = vi.fn();
    const parts = listening({ handles: { notice: handle } });
    parts.receive({ kind: "notice" }, undefined, 0);
    parts.receive({ ...LABELS, revision: 0 }, undefined, 0);
    expect(handle).not.toHaveBeenCalled();
    expect(warnings).toHaveLength(2);
    expect(warnings[1]).toContain("labels");
  });

  it("are all cleared, and all disposed of", () => {
    const done: string[] = [];
    const parts = listening(
      { handles: {}, clear: () => done.push("one cleared") },
      { handles: {}, dispose: () => done.push("other disposed") },
    );
    parts.clear();
    parts.dispose();
    expect(done).toEqual(["one cleared", "other disposed"]);
  });
});
