import { describe, expect, it } from "vitest";
import type { KernelMessageOf } from "../../src/protocol/messages";
import { Judgements } from "../../src/store/judgements";

const PLACE = { grid: 20, cell: 7 };
const judged: KernelMessageOf<"judged"> = {
  kind: "judged",
  revision: 0,
  ...PLACE,
  judge: "lite1",
  rank: 2,
  among: 40,
  crop_rank: 1.5,
  held_out: true,
};

describe("judgements", () => {
  it("are asked for only where there is a judge, and until it has said", () => {
    const judgements = new Judgements();
    expect(judgements.lacks(PLACE)).toBe(false);
    judgements.receive({ ...judged, cell: 8 });
    expect(judgements.lacks(PLACE)).toBe(true);
    judgements.receive(judged);
    expect(judgements.lacks(PLACE)).toBe(false);
    expect(judgements.of(PLACE)).toMatchObject({ rank: 2, among: 40, cropRank: 1.5 });
  });

  it("are of one layout", () => {
    const judgements = new Judgements();
    judgements.receive(judged);
    judgements.clear();
    expect(judgements.of(PLACE)).toBeNull();
  });
});
