import { describe, expect, it } from "vitest";
import type { KernelMessageOf } from "../../src/protocol/messages";
import { cellKey } from "../../src/protocol/picture_key";
import { Cards } from "../../src/store/cards";

function card(cell: number): KernelMessageOf<"card"> {
  return {
    kind: "card",
    revision: 0,
    grid: 80,
    cell,
    count: 9,
    cosine: 0.8,
    rank: 1,
    state: "final",
    made: "direction only",
    label: `label ${cell}`,
    why_not: "",
    look: "",
    lead: null,
    classes: null,
    against: null,
    crops: 0,
    tile: 64,
  };
}

describe("cards", () => {
  it("are forgotten when many others were read since", () => {
    const cards = new Cards();
    for (let cell = 0; cell < 1000; cell++) {
      cards.receive(card(cell), undefined);
      expect(cards.get(cellKey(80, 0))?.label).toBe("label 0"); // a panel that stays open
      cards.peek(cellKey(80, 1)); // the labels of the atlas
    }
    expect(cards.get(cellKey(80, 1))).toBeNull();
    expect(cards.get(cellKey(80, 999))?.label).toBe("label 999");
  });
});
