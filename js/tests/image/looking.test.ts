import { beforeEach, describe, expect, it } from "vitest";
import { type Opened, readOpened } from "../../src/image/answers";
import { Looking, samePlace } from "../../src/image/looking";
import { image } from "./messages";

describe("what is looked at", () => {
  let opened: Opened;
  let looking: Looking;
  beforeEach(() => {
    opened = readOpened(image(1));
    looking = new Looking();
    looking.turnTo(opened);
  });

  it("begins with the strongest position of the atlas’s layer, and the first class", () => {
    expect(looking.at.value).toEqual({ layer: 1, position: 0 });
    expect(looking.a.value).toBe(7);
    expect(looking.tracing.value).toBe(false);
  });

  it("begins with the position of the crop that was chosen", () => {
    looking.turnTo(readOpened(image(2, { pinned: 1 })));
    expect(looking.pinned.value).toEqual({ layer: 1, position: 1 });
  });

  it("moves by arrow keys and stays within the map", () => {
    expect(looking.step("ArrowRight", opened.layers)).toBe(true);
    expect(looking.pinned.value).toEqual({ layer: 1, position: 1 });
    looking.step("ArrowRight", opened.layers);
    looking.step("ArrowDown", opened.layers);
    expect(looking.pinned.value).toEqual({ layer: 1, position: 1 });
    expect(looking.step("x", opened.layers)).toBe(false);
  });

  it("stays at the same place of the image from layer to layer", () => {
    looking.step("ArrowRight", opened.layers);
    looking.stepLayer(-1, opened.layers);
    // one row of the upper layer lies between the two of the lower one
    expect(looking.pinned.value).toEqual({ layer: 0, position: 3 });
    looking.stepLayer(-1, opened.layers);
    expect(looking.layer.value).toBe(0);
    expect(samePlace(0, opened.layers[0], opened.layers[1])).toBe(0);
  });

  it("traces a position that is pinned, until it is pinned again", () => {
    looking.pin({ layer: 0, position: 2 });
    expect([looking.layer.value, looking.tracing.value]).toEqual([0, true]);
    looking.pin({ layer: 0, position: 2 });
    expect(looking.tracing.value).toBe(false);
  });

  it("is the position under the pointer before the pinned one", () => {
    looking.hover({ layer: 0, position: 1 });
    expect(looking.at.value).toEqual({ layer: 0, position: 1 });
    looking.hover(null);
    expect(looking.at.value).toEqual({ layer: 1, position: 0 });
  });

  it("keeps what still means something when the same image comes anew", () => {
    looking.chooseLayer(0);
    looking.pin({ layer: 0, position: 3 });
    looking.b.value = 3;
    looking.turnTo(readOpened(image(2)));
    expect(looking.layer.value).toBe(0);
    expect(looking.pinned.value).toEqual({ layer: 0, position: 3 });
    expect([looking.a.value, looking.b.value]).toEqual([7, 3]);
  });

  it("lets go of a class that another image’s list has not, and of what other layers had", () => {
    looking.b.value = 3;
    looking.showChannel(0, 2);
    looking.turnTo(
      readOpened(image(2, { layers: ["other", "high"], classes: [1], names: ["x"], scores: [1] })),
    );
    expect([looking.a.value, looking.b.value]).toEqual([1, -1]);
    expect([looking.mode.value, looking.channel.value]).toEqual(["picture", null]);
  });

  it("argues for one class and against another, never the same", () => {
    looking.argueAgainst(3);
    expect([looking.a.value, looking.b.value]).toEqual([7, 3]);
    looking.argueFor(3);
    expect([looking.a.value, looking.b.value]).toEqual([3, -1]);
    looking.argueAgainst(3);
    expect(looking.b.value).toBe(-1);
  });

  it("has a region within one layer", () => {
    looking.toggle({ layer: 1, position: 0 });
    looking.toggle({ layer: 1, position: 1 });
    looking.toggle({ layer: 1, position: 0 });
    expect([...looking.region.value]).toEqual([1]);
    looking.chooseLayer(0);
    expect(looking.region.value.size).toBe(0);
  });
});
