import { describe, expect, it } from "vitest";
import { Causes } from "../../src/causes/causes";
import { readPictureCheck } from "../../src/causes/controls";
import type { BrowserMessage, KernelMessageOf } from "../../src/protocol/messages";

const checked = (request: number): KernelMessageOf<"pictures_checked"> => ({
  kind: "pictures_checked",
  request,
  cells: 24,
  names: ["pictures", "statistics alone"],
  cosine: [0.7, 0.2],
  low: [0.6, 0.1],
  high: [0.8, null],
  own: [1, 0.25],
  found: [null, null],
  judge: null,
  passed: true,
  verdict: "better",
});

describe("pictures beside their controls", () => {
  it("are read row by row", () => {
    const { rows, judge } = readPictureCheck(checked(1));
    expect(judge).toBeNull();
    expect(rows[1]).toEqual({
      name: "statistics alone",
      cosine: 0.2,
      low: 0.1,
      high: null,
      own: 0.25,
      found: null,
    });
  });

  it("come for the request that asked, and are of one layout", () => {
    const sent: BrowserMessage[] = [];
    const causes = new Causes((message) => sent.push(message));
    causes.checkPictures();
    const { request } = sent[0] as { request: number };
    expect(sent).toEqual([{ kind: "check_pictures", request }]);
    causes.receive(checked(request + 1), undefined);
    expect(causes.checked.value?.state.value.stage).toBe("running");
    causes.receive(checked(request), undefined);
    expect(causes.checked.value?.state.value.stage).toBe("done");
    causes.clear();
    expect(causes.checked.value).toBeNull();
  });
});
