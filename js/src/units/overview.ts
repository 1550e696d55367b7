import type { KernelMessageOf } from "../protocol/messages";
import { floatsOf } from "../util/floats";

/** The statistics by which units can be sorted; the names are the kernel's. */
export type Statistic =
  | "max"
  | "mean"
  | "std"
  | "active"
  | "sparseness"
  | "min"
  | "kurtosis"
  | "selectivity";

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
  /** The labels of the images, if they have any. */
  labels: string[];
  /** The label in whose images each unit is most active on average, as a number; -1 for none. */
  labelOf: (number | null)[];
}

export type Order = "number" | "picture" | "correlation" | "match" | Statistic;

/** [order, words, meaning] */
export const ORDERS: readonly (readonly [Order, string, string])[] = [
  ["number", "number", "In the layer’s own order"],
  ["max", "largest activation", "The strongest sample of each, largest first"],
  ["mean", "mean", "Mean activation over the samples, largest first"],
  ["active", "most active", "Share of samples with a positive activation, largest first"],
  ["sparseness", "most selective", "Sparseness: few samples carry all of the activation"],
  ["kurtosis", "kurtosis", "How heavy the tails of the activations are, heaviest first"],
  [
    "selectivity",
    "class selectivity",
    "How much more active in images of one label than of the others (Morcos et al., 2018)",
  ],
  [
    "picture",
    "picture’s activation",
    "Share of samples that the finished picture goes beyond, largest first",
  ],
  ["correlation", "correlation (map)", "Units that are active together lie side by side"],
  ["match", "match in another network", "Beside the units of another network: w.compare_units"],
];

/** The order that a trait names. */
export function readOrder(value: unknown): Order {
  return ORDERS.find(([order]) => order === value)?.[0] ?? "number";
}

export function readOverview(message: KernelMessageOf<"units">, bytes?: Uint8Array): Overview {
  const { layer, count, samples, images, signed, layout } = message;
  const labels = message.labels.map((label) => label ?? "");
  const values = floatsOf(bytes);
  const statistics = new Map<string, Float32Array>();
  message.statistics.forEach((name, row) => {
    const own = values.subarray(row * count, (row + 1) * count);
    if (name !== null && own.length === count) statistics.set(name, own);
  });
  const labelOf = message.label_of;
  return { layer, count, samples, images, signed, layout, statistics, labels, labelOf };
}

/** The orders that say something about a layer. */
export function ordersOf({ labels, signed }: Overview): typeof ORDERS {
  return ORDERS.filter(([order]) => order !== "selectivity" || (labels.length > 0 && !signed));
}

/** The labels in whose images some unit is most active: [number, name, count of units], by name. */
export function labelCounts({ labels, labelOf }: Overview): [number, string, number][] {
  return labels
    .map((name, label): [number, string, number] => [
      label,
      name,
      labelOf.filter((own) => own === label).length,
    ])
    .filter(([, , count]) => count > 0);
}

/** True if a unit has the same activation for all samples. */
export function isDead({ statistics }: Overview, unit: number): boolean {
  return statistics.get("std")?.[unit] === 0;
}

/** Which units are shown, and in which order. */
export interface Choice {
  order: Order;
  /** Without units that have the same activation everywhere. */
  alive: boolean;
  /** Only units that are most active in images of a label, by its number. */
  label?: number | null;
}

/**
 * The units in an order, largest first; equal ones, and those without a value, by number.
 *
 * @param beyond the share of samples that each finished picture goes beyond
 */
export function inOrder(
  overview: Overview,
  { order, alive, label = null }: Choice,
  beyond: ReadonlyMap<number, number>,
): number[] {
  const units = Array.from({ length: overview.count }, (_, unit) => unit).filter(
    (unit) =>
      (!alive || !isDead(overview, unit)) && (label === null || overview.labelOf[unit] === label),
  );
  const values = overview.statistics.get(order);
  if (!values && order !== "picture") return units;
  const key = (unit: number) => {
    const value = values ? values[unit] : beyond.get(unit);
    return value !== undefined && Number.isFinite(value) ? value : -Infinity;
  };
  return units.sort((a, b) => key(b) - key(a) || a - b);
}

/** The unit before (−1) or after (+1) another one in a list; the same at its ends. */
export function neighbourOf(units: readonly number[], unit: number, step: -1 | 1): number {
  const at = units.indexOf(unit);
  return at < 0 ? (units[0] ?? unit) : (units[at + step] ?? unit);
}
