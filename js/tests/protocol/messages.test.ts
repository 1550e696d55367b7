import { describe, expect, it } from "vitest";
import table from "../../../atlas_widget/protocol/messages.json";
import { FROM_BROWSER, FROM_KERNEL, parseKernelMessage } from "../../src/protocol/messages";

type Table = Record<string, { fields: Record<string, string> }>;
const fieldsOf = (part: Table) =>
  Object.fromEntries(Object.entries(part).map(([kind, entry]) => [kind, entry.fields]));

describe("the table of messages", () => {
  it("is the one that Python validates with", () => {
    expect(FROM_BROWSER).toEqual(fieldsOf(table.from_browser));
    expect(FROM_KERNEL).toEqual(fieldsOf(table.from_kernel));
  });
});

describe("a message from the kernel", () => {
  const frame = {
    kind: "frame",
    request: 1,
    grid: 20,
    cell: 3,
    step: 8,
    steps: 64,
    cosine: null,
    cosines: [null],
    made: "",
    done: false,
  };

  it("passes if complete and well typed", () => {
    expect(parseKernelMessage(frame)).toBe(frame);
    const classes = [{ index: 7, label: "cat", value: 1, low: 0.5, high: 1.5 }];
    const card = {
      kind: "card",
      revision: 0,
      grid: 20,
      cell: 3,
      count: 4,
      cosine: 0.5,
      rank: null,
      state: "final",
      made: "",
      label: null,
      why_not: "several",
      look: "",
      lead: null,
      classes,
      against: null,
      crops: 0,
      tile: 64,
    };
    expect(parseKernelMessage(card)).toBe(card);
    expect(parseKernelMessage({ ...card, classes: [{ label: "cat" }] })).toHaveProperty("invalid");
    const single = {
      ...card,
      classes: [{ index: 7, label: "cat", value: 1, low: null, high: null }],
    };
    expect(parseKernelMessage(single)).toBe(single);
  });

  it.each([
    null,
    "text",
    {},
    { kind: "constructor" },
    { kind: "toString" },
    { ...frame, step: "8" },
    { ...frame, step: 1.5 },
    { ...frame, done: undefined },
    { kind: "layout", revision: 1, final: true, samples: 1, images: 1, layer: "a", grids: [{}] },
    {
      kind: "layout",
      revision: 1,
      final: true,
      samples: 1,
      images: 1,
      layer: "a",
      subject: [],
      axes: [],
      grids: [{ size: 20, ids: [1, 2], counts: [1] }],
    },
  ])("is refused otherwise: %j", (content) => {
    expect(parseKernelMessage(content)).toHaveProperty("invalid");
  });
});
