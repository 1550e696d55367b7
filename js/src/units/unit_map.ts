import { clamp } from "../geometry/geometry";
import type { KernelMessageOf } from "../protocol/messages";
import { floatsOf } from "../util/floats";

/** The units on a map: those whose activations correlate lie side by side. */
export interface UnitMap {
  rows: number;
  columns: number;
  /** The unit in each slot, row by row; -1 where there is none. */
  units: Int32Array;
  /** Mean correlation of units in adjacent slots, and of all pairs. */
  adjacent: number | null;
  overall: number | null;
  /** Why there is no map; else empty. */
  failed: string;
}

export function readUnitMap(message: KernelMessageOf<"unit_map">, bytes?: Uint8Array): UnitMap {
  const { rows, columns, adjacent, overall, failed } = message;
  const units = new Int32Array(rows * columns).fill(-1);
  floatsOf(bytes).forEach((slot, unit) => {
    if (slot >= 0 && slot < units.length) units[slot] = unit;
  });
  return { rows, columns, units, adjacent, overall, failed };
}

/** The units in the order of the map, row by row; those without a place come last. */
export function alongMap(map: UnitMap, units: readonly number[]): number[] {
  const placed = [...map.units].filter((unit) => unit >= 0);
  const known = new Set(placed);
  const wanted = new Set(units);
  return [
    ...placed.filter((unit) => wanted.has(unit)),
    ...units.filter((unit) => !known.has(unit)),
  ];
}

/** The side of a slot with which a map is as wide as its box, within limits (CSS pixels). */
export function slotSide(map: UnitMap, width: number): number {
  return clamp(Math.floor(width / Math.max(map.columns, 1)), 44, 92);
}
