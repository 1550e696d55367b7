import { describe, expect, it } from "vitest";
import { describeJudgement, describePicture } from "../../src/components/words";
import { isDoubtful, supersedes } from "../../src/pictures";
import { cellKey } from "../../src/protocol/picture_key";
import {
  describeStatus,
  readBox,
  readLayers,
  readSelection,
  readStatus,
} from "../../src/store/traits";

describe("the status line", () => {
  const status = (more: object) => readStatus({ stage: "pictures", ...more });

  it("says what, how far and how long still", () => {
    const now = status({ done: 64, total: 128, seconds_left: 12.4 });
    expect(describeStatus(now, null)).toBe("Pictures 64 of 128 · 12 s left");
    expect(describeStatus(status({ seconds_left: 200 }), null)).toBe("Pictures · 3 min left");
    const own = status({ message: "Crops 3 of 9", done: 3, total: 9 });
    expect(describeStatus(own, null)).toBe("Crops 3 of 9"); // not counted twice
  });

  it("says at rest what there is", () => {
    const shown = { cells: 128, samples: 4000, images: 18 };
    expect(describeStatus(readStatus({ stage: "idle" }), shown)).toBe(
      "128 cells · 4,000 samples from 18 images",
    );
  });
});

describe("traits from Python", () => {
  it("are read without trust", () => {
    expect(readStatus(null).stage).toBe("starting");
    expect(readStatus({ total: Number.NaN, done: -3 }).done).toBe(0);
    expect(readLayers([{ name: "a", type: "Conv2d" }, 3, { type: "x" }])).toHaveLength(1);
    expect(readSelection([1, "2", -1, 2.5, 4])).toEqual([1, 4]);
    expect(readBox([0, 0, 1, 1])).toEqual([0, 0, 1, 1]);
    expect(readBox([0, 0, 0, 1])).toBeNull();
    expect(readBox([0, 0, "a", 1])).toBeNull();
  });
});

describe("a picture", () => {
  const picture = { key: cellKey(20, 3), state: "final", cosine: 0.78, rank: 1 };

  it("says in words how good it is", () => {
    expect(describePicture(picture)).toBe("final, cosine 0.78, comes back to its own cell");
    expect(describePicture({ ...picture, rank: 2 })).toContain("looks more like another cell");
    expect(describePicture({ ...picture, rank: 4 })).toContain("looks more like 3 other cells");
    expect(describePicture({ ...picture, cosine: 0.2 })).toContain("doubtful, cosine 0.20");
    expect(describePicture({ ...picture, rank: null })).toBe("final, cosine 0.78");
    expect(describePicture(null)).toBe("no picture yet");
  });

  it("is doubtful only when finished; its rank tells nothing on fine grids", () => {
    expect(isDoubtful({ ...picture, state: "rough", cosine: 0.1 })).toBe(false);
    expect(isDoubtful({ ...picture, key: cellKey(80, 3), rank: 3 })).toBe(false);
    expect(isDoubtful({ ...picture, rank: 2 })).toBe(true);
  });

  it("never gives way to a lesser state or an older sheet", () => {
    const rough = { state: "rough" as const, sheet: 5 };
    expect(supersedes({ state: "final", sheet: 4 }, rough)).toBe(true);
    expect(supersedes({ state: "crop", sheet: 9 }, rough)).toBe(false);
    expect(supersedes({ state: "rough", sheet: 4 }, rough)).toBe(false);
    expect(supersedes({ state: "rough", sheet: 6 }, rough)).toBe(true);
  });
});

describe("what a second network says of a picture", () => {
  const judgement = { judge: "lite1", rank: 1, among: 40, cropRank: 1.5, heldOut: true };

  it("is said beside what it says of real crops", () => {
    expect(describeJudgement(judgement)).toBe(
      "lite1 finds the cell, too: 1st of 40 cells (a real crop: 2nd)",
    );
    expect(describeJudgement({ ...judgement, rank: 3, cropRank: null })).toBe(
      "lite1 nearly finds the cell: 3rd of 40 cells",
    );
    expect(describeJudgement({ ...judgement, rank: 12 })).toContain("does not find the cell: 12th");
  });

  it("says where the crops are no independent ones", () => {
    expect(describeJudgement({ ...judgement, heldOut: false })).toContain(
      "(a real crop: 2nd; by the crops it was made from)",
    );
  });
});
