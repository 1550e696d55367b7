import { signal } from "@preact/signals";
import { beforeEach, describe, expect, it, vi } from "vitest";
import { OpenImage } from "../../src/image/open_image";
import type { BrowserMessage } from "../../src/protocol/messages";
import { Parts } from "../../src/protocol/parts";
import { decodeToCanvas } from "../../src/util/decode";
import { image, position } from "./messages";

vi.mock("../../src/util/decode", () => ({ decodeToCanvas: vi.fn() }));

const JPEG = new Uint8Array([1, 2, 3]);

describe("the open image", () => {
  let sent: BrowserMessage[];
  let parts: Parts;
  let open: OpenImage;
  const connected = signal(true);
  const kinds = () => sent.map(({ kind }) => kind);
  beforeEach(() => {
    sent = [];
    connected.value = true;
    parts = new Parts();
    open = parts.add(new OpenImage({ connected, send: (message) => sent.push(message) }));
    vi.mocked(decodeToCanvas).mockResolvedValue({ width: 224, height: 224 } as never);
    parts.receive(image(1), JPEG, 0);
  });

  it("has its picture once that is decoded", async () => {
    parts.receive(image(2), JPEG, 0);
    expect(open.opened.value?.picture).toBe(null);
    await Promise.resolve();
    expect(open.opened.value?.picture?.width).toBe(224);
  });

  it("asks about a position once, again for more, and not for what is known", () => {
    open.wantPosition(1, 0, false);
    open.wantPosition(1, 0, false);
    expect(kinds()).toEqual(["image_position"]);
    parts.receive(position(1, 1, 0), undefined, 0);
    open.wantPosition(1, 0, false);
    expect(sent).toHaveLength(1);
    open.wantPosition(1, 0, true);
    expect(sent).toHaveLength(2);
    parts.receive(position(1, 1, 0, { whole: true }), undefined, 0);
    parts.receive(position(1, 1, 0), undefined, 0); // an earlier answer that was late
    expect(open.positionFacts(1, 0)?.whole).toBe(true);
  });

  it("asks again about a position after another one: the kernel answers the last question", () => {
    open.wantPosition(1, 0, false);
    open.wantPosition(1, 1, false);
    open.wantPosition(1, 0, false);
    expect(sent).toHaveLength(3);
  });

  it("forgets all of it when another image opens, and ignores late answers", () => {
    parts.receive(position(1, 1, 0), undefined, 0);
    parts.receive(image(2), JPEG, 0);
    expect(open.positionFacts(1, 0)).toBe(null);
    parts.receive(position(1, 1, 0), undefined, 0);
    expect(open.positionFacts(1, 0)).toBe(null);
  });

  it("keeps the image that is open when another one cannot be", () => {
    parts.receive({ kind: "no_image", problem: "“a.svg” is a drawing." }, undefined, 0);
    expect(open.problem.value).toBe("“a.svg” is a drawing.");
    expect(open.opened.value?.serial).toBe(1);
    parts.receive({ kind: "no_image", problem: "" }, undefined, 0);
    expect(open.opened.value).toBe(null);
  });

  it("says why there is no answer until there is one", () => {
    const failed = { kind: "image_failed", serial: 1, what: "image_position", problem: "No." };
    parts.receive(failed, undefined, 0);
    expect(open.failures.value.get("image_position")).toBe("No.");
    parts.receive(position(1, 1, 0), undefined, 0);
    expect(open.failures.value.size).toBe(0);
  });

  it("asks anew for positions once there is a second image to compare them with", async () => {
    open.wantPosition(1, 0, false);
    parts.receive(position(1, 1, 0), undefined, 0);
    parts.receive({ kind: "image_beside", name: "other.jpg" }, JPEG, 0);
    await Promise.resolve();
    expect(open.beside.value?.name).toBe("other.jpg");
    open.wantPosition(1, 0, false);
    expect(sent).toHaveLength(2);
    parts.receive({ kind: "image_beside", name: "" }, undefined, 0);
    expect(open.beside.value).toBe(null);
  });

  it("follows a long computation, and shows what went wrong", () => {
    const work = { kind: "image_work", serial: 1, work: "curves", done: 3, total: 20, failed: "" };
    parts.receive(work, undefined, 0);
    expect(open.works.value.get("curves")).toEqual({ done: 3, total: 20, failed: "" });
    parts.receive({ ...work, total: 0, failed: "No gradient." }, undefined, 0);
    expect(open.works.value.get("curves")?.failed).toBe("No gradient.");
    parts.receive({ ...work, total: 0 }, undefined, 0);
    expect(open.works.value.size).toBe(0);
  });

  it("is prepared once for each atlas, and asks nothing without a kernel", () => {
    open.prepare(4);
    open.prepare(4);
    expect(kinds()).toEqual(["prepare_image"]);
    connected.value = false;
    open.prepare(5);
    open.look([0]);
    open.wantGroups(1, 6, -1, -1);
    open.wantChannel(1, 2);
    expect(sent).toHaveLength(1);
  });
});
