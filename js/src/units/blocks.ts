import type { KernelMessageOf } from "../protocol/messages";
import type { Canvas } from "../util/decode";

/** An image in which a unit is most active, and what the position sees of it. */
export interface ExactExample {
  activation: number;
  /** The number of the image. */
  image: number;
  name: string;
  label: string | null;
  /** Left, top, right, bottom in fractions of the picture. */
  box: readonly [number, number, number, number];
  /** In the outermost ring of the map, where padding may play a part. */
  atRim: boolean;
}

export interface ExactExamples {
  images: number;
  examples: ExactExample[];
  sheet: Canvas | null;
  tile: number;
  columns: number;
}

export function readExamples(
  message: KernelMessageOf<"unit_examples">,
  sheet: Canvas | null,
): ExactExamples {
  const { images, tile, columns, activations, names, labels, boxes, rim, numbers } = message;
  const examples = activations.map((activation, at) => ({
    activation: activation ?? 0,
    image: numbers[at] ?? -1,
    name: names[at] ?? "",
    label: labels[at] ?? null,
    box: [0, 1, 2, 3].map((edge) => boxes[4 * at + edge] ?? 0) as unknown as ExactExample["box"],
    atRim: rim[at] === 1,
  }));
  return { images, examples, sheet, tile, columns };
}

/** The answers of a unit to one set of stimuli. */
export interface TuningMap {
  name: string;
  rowName: string;
  columnName: string;
  rows: string[];
  columns: string[];
  /** Above the answer to grey, row by row; null where there is no such stimulus. */
  values: (number | null)[];
  /** Of the best stimulus, in deviations of the data. */
  z: number | null;
  preferred: number | null;
  selectivity: number | null;
  tuned: boolean;
}

export interface UnitTuning {
  /** Of the field that the stimuli are drawn in (pixels). */
  side: number;
  maps: TuningMap[];
  /** The best stimulus of each set, in a row. */
  stimuli: Canvas | null;
  tile: number;
}

export function readTuning(
  message: KernelMessageOf<"unit_tuning">,
  stimuli: Canvas | null,
): UnitTuning {
  let [row, column, value] = [0, 0, 0];
  const maps = message.sets.map((name, at) => {
    const [rows, columns] = [message.rows[at] ?? 0, message.columns[at] ?? 0];
    const map = {
      name: name ?? "",
      rowName: message.row_names[at] ?? "",
      columnName: message.column_names[at] ?? "",
      rows: message.row_labels.slice(row, row + rows).map((text) => text ?? ""),
      columns: message.column_labels.slice(column, column + columns).map((text) => text ?? ""),
      values: message.values.slice(value, value + rows * columns),
      z: message.z[at] ?? null,
      preferred: message.preferred[at] ?? null,
      selectivity: message.selectivity[at] ?? null,
      tuned: message.tuned[at] === 1,
    };
    row += rows;
    column += columns;
    value += rows * columns;
    return map;
  });
  return { side: message.side, maps, stimuli, tile: message.tile };
}

/** A control of the tuning: answers to the best stimulus with random phases. */
export type Scrambled = Pick<
  KernelMessageOf<"unit_scrambled">,
  "set" | "best" | "low" | "high" | "grey"
>;

/** The largest size of any answer: the end of the scale of all maps. */
export function reachOfMaps(maps: readonly TuningMap[]): number {
  const sizes = maps.flatMap(({ values }) => values.map((value) => Math.abs(value ?? 0)));
  return Math.max(1e-6, ...sizes);
}

/** A unit of a neighbouring layer that the open one gets activation from, or gives it to. */
export interface Connection {
  layer: string;
  unit: number;
  /** Its layer runs before the open unit’s. */
  below: boolean;
  contribution: number;
  low: number | null;
  high: number | null;
  /** Of the sizes of all contributions of its layer. */
  share: number;
  /** Expanded weights, row by row. */
  weights: { rows: number; columns: number; values: number[] };
  /** The number of its tile. */
  tile: number;
}

export interface Wiring {
  images: number;
  /** The network’s graph is known; else neighbours are layers that ran one after the other. */
  connected: boolean;
  connections: Connection[];
  pictures: Canvas | null;
  tile: number;
}

export function readWiring(
  message: KernelMessageOf<"unit_wiring">,
  pictures: Canvas | null,
): Wiring {
  let first = 0;
  const connections = message.layers.map((layer, at) => {
    const [rows, columns] = [message.rows[at] ?? 0, message.columns[at] ?? 0];
    const values = message.weights.slice(first, first + rows * columns);
    first += rows * columns;
    return {
      layer: layer ?? "",
      unit: message.units[at] ?? 0,
      below: message.below[at] === 1,
      contribution: message.contributions[at] ?? 0,
      low: message.lows[at] ?? null,
      high: message.highs[at] ?? null,
      share: message.shares[at] ?? 0,
      weights: { rows, columns, values: values.map((value) => value ?? 0) },
      tile: at,
    };
  });
  const { images, graph, tile } = message;
  return { images, connected: graph === "autograd", connections, pictures, tile };
}

/** A class that a unit argues for or against: its own share of the class’s logit. */
export interface ClassEvidence {
  name: string;
  value: number;
  low: number;
  high: number;
}

export function readClasses(message: KernelMessageOf<"unit_classes">): ClassEvidence[] {
  return message.classes.map((name, at) => {
    const value = message.values[at] ?? 0;
    return {
      name: name ?? "",
      value,
      low: message.lows[at] ?? value,
      high: message.highs[at] ?? value,
    };
  });
}

/** The same unit of an untrained network. */
export interface UnitTwin {
  /** The largest correlation of the open unit with any unit of the untrained layer. */
  r: number | null;
  /** What chance reaches. */
  floor: number | null;
  examples: { activation: number; name: string }[];
  /** The picture of the unit, then its strongest images, in a row. */
  sheet: Canvas | null;
  tile: number;
}

export function readTwin(message: KernelMessageOf<"unit_twin">, sheet: Canvas | null): UnitTwin {
  const { r, floor, names, activations, tile } = message;
  const examples = names.map((name, at) => ({
    name: name ?? "",
    activation: activations[at] ?? 0,
  }));
  return { r, floor, examples, sheet, tile };
}
