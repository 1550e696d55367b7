import { describe, expect, it } from "vitest";
import type { Capability } from "../../src/store/capabilities";
import { nextOverlay, type OverlayChoice } from "../../src/store/overlay_choice";

describe("one overlay after the other", () => {
  const round = (can?: (capability: Capability) => boolean) => {
    const kinds: string[] = [];
    let now: OverlayChoice = { kind: "pictures" };
    do {
      now = nextOverlay(now, 1, null, true, can);
      kinds.push(now.kind);
    } while (now.kind !== "pictures");
    return kinds;
  };

  it("shows them all where a kernel stands behind the view", () => {
    expect(round()).toEqual(["crops", "density", "top class", "fidelity", "doubt", "pictures"]);
  });

  it("passes over what a saved page does not hold", () => {
    expect(round(() => false)).toEqual(["density", "top class", "fidelity", "pictures"]);
    expect(round((capability) => capability === "doubt")).toContain("doubt");
  });
});
