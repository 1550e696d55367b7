import { describe, expect, it } from "vitest";
import { CAPABILITIES, readCapabilities } from "../../src/store/capabilities";

describe("capabilities", () => {
  it("are all there behind a kernel, which sends none", () => {
    expect([...readCapabilities(undefined)]).toEqual([...CAPABILITIES]);
  });

  it("are those that a page names, as far as there are such", () => {
    expect([...readCapabilities([])]).toEqual([]);
    expect([...readCapabilities(["crops", "flying", 3])]).toEqual(["crops"]);
  });
});
