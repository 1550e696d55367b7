import { signal } from "@preact/signals";
import { describe, expect, it, vi } from "vitest";
import type { BrowserMessage, KernelMessageOf } from "../../src/protocol/messages";
import { Beside, linked, readBeside } from "../../src/units/beside";
import { decodeToCanvas } from "../../src/util/decode";

vi.mock("../../src/util/decode", () => ({ decodeToCanvas: vi.fn() }));

const message: KernelMessageOf<"units_beside"> = {
  kind: "units_beside",
  revision: 0,
  name: "<b>",
  layer: "middle",
  count: 3,
  images: 40,
  cka: 0.8,
  match: [2, 0, -1, 7],
  r: [0.6, 0.9, null, 0.2],
  floor: [0.3, 0.3, null, 0.4],
  mutual: [0, 1, 0, 0],
  lost: [3],
  new: [1],
};

describe("units beside those of another network", () => {
  it("have no match where the kernel names none, or one that there is not", () => {
    const { matches } = readBeside(message);
    expect(matches.map(({ other }) => other)).toEqual([2, 0, null, null]);
    expect(matches[1]).toEqual({ unit: 1, other: 0, r: 0.9, floor: 0.3, mutual: true });
  });

  it("are linked where the match is above the floor, the most alike first", () => {
    expect(linked(readBeside(message)).map(({ unit }) => unit)).toEqual([1, 0]);
    expect(linked(readBeside({ ...message, lost: [1] })).map(({ unit }) => unit)).toEqual([0]);
  });

  it("are looked at until the comparison ends", async () => {
    const sent: BrowserMessage[] = [];
    const beside = new Beside((one) => sent.push(one), signal(true));
    vi.mocked(decodeToCanvas).mockResolvedValue({ width: 64, height: 64 } as never);
    beside.look([1]);
    expect(sent).toEqual([]); // there is none
    beside.handles.units_beside!(message, undefined);
    beside.look([2, 0]);
    expect(sent.pop()).toEqual({ kind: "units_beside_in_sight", units: [2, 0] });
    const picture = { kind: "unit_beside_picture", revision: 0, unit: 2 } as const;
    beside.handles.unit_beside_picture!(picture, new Uint8Array([1]));
    await vi.waitFor(() => expect(beside.pictures.value.has(2)).toBe(true));
    beside.look([2, 0]);
    expect(sent.pop()).toEqual({ kind: "units_beside_in_sight", units: [0] });
    beside.drop();
    expect(sent.pop()).toEqual({ kind: "drop_units_beside" });
    expect(beside.compared.value).toBeNull();
    beside.handles.unit_beside_picture!(picture, new Uint8Array([1]));
    expect(beside.pictures.value.size).toBe(0);
  });
});
