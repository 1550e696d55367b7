import type { KernelMessageOf } from "../protocol/messages";
import { floatsOf } from "../util/floats";

/** The statistics by which units can be sorted; the names are the kernel's. */
export type Statistic = "max" | "mean" | "std" | "active" | "sparseness" | "min";

/** All units of the layer, and their statistics over the samples of the atlas. */
export interface Overview {
  layer: string;
  count: number;
  samples: number;
  images: number;
  /** The layer has negative activations. */
  signed: boolean;
  /** The layer gives a map, tokens or a vector. */
  layout: string;
  statistics: ReadonlyMap<string, Float32Array>;
}

export type Order = "number" | "correlation" | "match" | Statistic;

/** [order, words, meaning] */
export const ORDERS: readonly (readonly [Order, string, string])[] = [
  ["number", "number", "In the layer’s own order"],
  ["max", "largest activation", "The strongest sample of each, largest first"],
  ["mean", "mean", "Mean activation over the samples, largest first"],
  ["active", "most active", "Share of samples with a positive activation, largest first"],
  ["sparseness", "most selective", "Sparseness: few samples carry all of the activation"],
  ["correlation", "correlation (map)", "Units that are active together lie side by side"],
  ["match", "match in another network", "Beside the units of another network: w.compare_units"],
];

/** The order that a trait names. */
export function readOrder(value: unknown): Order {
  return ORDERS.find(([order]) => order === value)?.[0] ?? "number";
}

export function readOverview(message: KernelMessageOf<"units">, bytes?: Uint8Array): Overview {
  const { layer, count, samples, images, signed, layout } = message;
  const values = floatsOf(bytes);
  const statistics = new Map<string, Float32Array>();
  message.statistics.forEach((name, row) => {
    const own = values.subarray(row * count, (row + 1) * count);
    if (name !== null && own.length === count) statistics.set(name, own);
  });
  return { layer, count, samples, images, signed, layout, statistics };
}

/** True if a unit has the same activation for all samples. */
export function isDead({ statistics }: Overview, unit: number): boolean {
  return statistics.get("std")?.[unit] === 0;
}

/** The units in an order, largest first; equal ones, and those without a value, by number. */
export function inOrder(overview: Overview, order: Order, alive: boolean): number[] {
  const units = Array.from({ length: overview.count }, (_, unit) => unit).filter(
    (unit) => !alive || !isDead(overview, unit),
  );
  const values = overview.statistics.get(order);
  if (!values) return units;
  const key = (unit: number) => (Number.isFinite(values[unit]) ? values[unit] : -Infinity);
  return units.sort((a, b) => key(b) - key(a) || a - b);
}

/** The unit before (−1) or after (+1) another one in a list; the same at its ends. */
export function neighbourOf(units: readonly number[], unit: number, step: -1 | 1): number {
  const at = units.indexOf(unit);
  return at < 0 ? (units[0] ?? unit) : (units[at + step] ?? unit);
}
