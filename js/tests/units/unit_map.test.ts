import { signal } from "@preact/signals";
import { describe, expect, it } from "vitest";
import type { BrowserMessage } from "../../src/protocol/messages";
import { alongMap, readUnitMap, slotSide } from "../../src/units/unit_map";
import { Units } from "../../src/units/units";

const message = {
  kind: "unit_map" as const,
  revision: 0,
  rows: 2,
  columns: 3,
  adjacent: 0.5,
  overall: 0.1,
  failed: "",
};
const slots = new Uint8Array(new Float32Array([4, 0, -1, 5, 2]).buffer);

describe("the map of units", () => {
  it("has the unit of each slot", () => {
    expect([...readUnitMap(message, slots).units]).toEqual([1, -1, 4, -1, 0, 3]);
  });

  it("passes over slots that there are not", () => {
    const wrong = new Uint8Array(new Float32Array([6, 1]).buffer);
    expect([...readUnitMap(message, wrong).units]).toEqual([-1, 1, -1, -1, -1, -1]);
    expect(readUnitMap({ ...message, rows: 0, columns: 0 }, undefined).units.length).toBe(0);
  });

  it("is walked row by row, units without a place last", () => {
    const map = readUnitMap(message, slots);
    expect(alongMap(map, [0, 1, 2, 3, 4])).toEqual([1, 4, 0, 3, 2]);
    expect(alongMap(map, [0, 3])).toEqual([0, 3]);
  });

  it("is as wide as its box, within limits", () => {
    const map = readUnitMap({ ...message, columns: 10 }, slots);
    expect(slotSide(map, 700)).toBe(70);
    expect(slotSide(map, 100)).toBe(44);
    expect(slotSide(map, 9000)).toBe(92);
  });

  it("is asked for once, and again for another layout", () => {
    const sent: BrowserMessage[] = [];
    const units = new Units((one) => sent.push(one), signal(true));
    units.wantMap();
    units.wantMap();
    expect(sent).toEqual([{ kind: "unit_map" }]);
    units.handles.unit_map!(message, slots);
    expect(units.map.value?.columns).toBe(3);
    units.wantMap();
    expect(sent.length).toBe(1);
    units.clear();
    expect(units.map.value).toBeNull();
    units.wantMap();
    expect(sent.length).toBe(2);
  });
});
