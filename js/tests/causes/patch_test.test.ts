import { describe, expect, it } from "vitest";
import { describePatchTest, readPatchTest } from "../../src/causes/patch_test";

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
