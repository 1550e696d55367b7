import { Grid } from "../geometry/grids";
import type { KernelMessageOf } from "../protocol/messages";
import { cellGroup, comparedGroup } from "../protocol/picture_key";
import { shortsOf } from "../util/floats";

/** The two maps: that of the atlas shown, and the other one. */
export const SIDES = ["a", "b"] as const;
export type Side = (typeof SIDES)[number];
export const otherSide = (side: Side): Side => (side === "a" ? "b" : "a");

const STEPS = 65_535;

/** A score of the two layers, with its interval by image and what shuffled images give. */
export interface Score {
  name: string;
  value: number | null;
  low: number | null;
  high: number | null;
  control: number | null;
  controlLow: number | null;
  controlHigh: number | null;
}

/** A cell of one map, and the cell of the other map with most of its samples. */
export interface ComparedCell {
  cell: number;
  count: number;
  images: number;
  /** Null where nothing can be told. */
  agreement: number | null;
  low: number | null;
  high: number | null;
  /** Null: none of its samples is in a cell of the other map. */
  partner: number | null;
  jaccard: number | null;
  /** The part of its samples that the partner has. */
  share: number | null;
  /** What the largest Jaccard index reaches if images are permuted. */
  floor: number | null;
  /** Null where it is of too few images to tell. */
  matched: boolean | null;
}

/** One of the two maps. */
export interface ComparedMap extends Places {
  name: string;
  grid: Grid;
  cells: ReadonlyMap<number, ComparedCell>;
  /** The cell of each sample, -1 for none. */
  cellOf: Int32Array;
}

/** Two atlases over the same samples. */
export interface Comparison {
  maps: Readonly<Record<Side, ComparedMap>>;
  samples: number;
  images: number;
  /** The cells of the other map get pictures, and not only crops. */
  inverted: boolean;
  notices: readonly string[];
  scores: readonly Score[];
  kinds: Kinds;
  units: MatchedUnits;
}

/** Units of the two layers that are active for the same samples. */
export interface MatchedUnits {
  /** The pairs that are each other’s best match with the largest correlation. */
  best: readonly { unit: number; match: number; r: number | null; floor: number | null }[];
  /** How many pairs are each other’s best, above what permuted images reach. */
  mutual: number;
  /** How many units have no match above that, of either layer. */
  gone: number;
  new: number;
}

/** The classes of the images, if they say so and are few; empty if not. */
export interface Kinds {
  names: readonly string[];
  /** The number of each sample’s class, -1 for none. */
  of: Int32Array;
}

/** Where each sample is on one map, in [0, 1]. */
export interface Places {
  x: Float32Array;
  y: Float32Array;
}

/** The atlas shown and further ones, in order, each laid out beside the one before. */
export interface Series {
  maps: readonly (Places & {
    name: string;
    /** With the map before; null for the first. */
    agreement: number | null;
    /** How far classes are apart; null where there are none. */
    sameClass: number | null;
  })[];
  samples: number;
  images: number;
  notices: readonly string[];
  kinds: Kinds;
}

type Cells = KernelMessageOf<"compared_cells">;

/** Reads a comparison and the cells of both maps; null if they do not fit together. */
export function readComparison(
  message: KernelMessageOf<"comparison">,
  bytes: Uint8Array | undefined,
  cells: Readonly<Record<Side, Cells>>,
): Comparison | null {
  const { samples, images, inverted, grid: size } = message;
  const rows = rowsOf(bytes, samples, 7);
  if (!rows || message.names.length !== 2) return null;
  const slots = size * size;
  const maps = SIDES.map((side, at): ComparedMap => {
    const grid = new Grid(
      { size, ids: cells[side].cells, counts: cells[side].counts },
      side === "a" ? cellGroup(size) : comparedGroup(size),
    );
    return {
      name: message.names[at] ?? side,
      grid,
      cells: new Map(readCells(cells[side]).map((cell) => [cell.cell, cell])),
      ...placesOf(rows, at),
      cellOf: numbersOf(rows[4 + at], slots),
    };
  });
  return {
    maps: { a: maps[0], b: maps[1] },
    samples,
    images,
    inverted,
    notices: texts(message.notices),
    scores: readScores(message),
    kinds: readKinds(message.kinds, rows[6]),
    units: {
      best: message.units.map((unit, at) => ({
        unit,
        match: message.matches[at] ?? -1,
        r: message.correlations[at] ?? null,
        floor: message.floors[at] ?? null,
      })),
      mutual: message.mutual,
      gone: message.gone,
      new: message.new,
    },
  };
}

/** Reads a series; null if samples are missing. */
export function readSeries(
  message: KernelMessageOf<"comparison_series">,
  bytes: Uint8Array | undefined,
): Series | null {
  const { samples, images, names } = message;
  const rows = rowsOf(bytes, samples, 2 * names.length + 1);
  if (!rows) return null;
  return {
    maps: names.map((name, at) => ({
      ...placesOf(rows, at),
      name: name ?? "",
      agreement: message.agreement[at] ?? null,
      sameClass: message.same_class[at] ?? null,
    })),
    samples,
    images,
    notices: texts(message.notices),
    kinds: readKinds(message.kinds, rows[2 * names.length]),
  };
}

function rowsOf(bytes: Uint8Array | undefined, length: number, count: number) {
  const all = shortsOf(bytes);
  if (all.length !== count * length) return null;
  return Array.from({ length: count }, (_, at) => all.subarray(at * length, (at + 1) * length));
}

function placesOf(rows: readonly Uint16Array[], map: number): Places {
  const [x, y] = [rows[2 * map], rows[2 * map + 1]].map((row) =>
    Float32Array.from(row, (steps) => steps / STEPS),
  );
  return { x, y };
}

const numbersOf = (row: Uint16Array, below: number): Int32Array =>
  Int32Array.from(row, (number) => (number >= below ? -1 : number));

const readKinds = (names: readonly (string | null)[], row: Uint16Array): Kinds => ({
  names: texts(names),
  of: numbersOf(row, names.length),
});

const texts = (found: readonly (string | null)[]): string[] =>
  found.filter((text): text is string => !!text);

function readScores(message: KernelMessageOf<"comparison">): Score[] {
  return message.scores.map((name, at) => ({
    name: name ?? "",
    value: message.value[at] ?? null,
    low: message.low[at] ?? null,
    high: message.high[at] ?? null,
    control: message.control[at] ?? null,
    controlLow: message.control_low[at] ?? null,
    controlHigh: message.control_high[at] ?? null,
  }));
}

function readCells(message: Cells): ComparedCell[] {
  return message.cells.map((cell, at) => {
    const [partner, matched] = [message.partner[at] ?? -1, message.matched[at] ?? null];
    return {
      cell,
      count: message.counts[at] ?? 0,
      images: message.images[at] ?? 0,
      agreement: message.agreement[at] ?? null,
      low: message.low[at] ?? null,
      high: message.high[at] ?? null,
      partner: partner < 0 ? null : partner,
      jaccard: message.jaccard[at] ?? null,
      share: message.share[at] ?? null,
      floor: message.floor[at] ?? null,
      matched: matched === null ? null : matched === 1,
    };
  });
}

/** The samples of a cell. */
export function membersOf({ cellOf }: ComparedMap, cell: number): number[] {
  const members: number[] = [];
  cellOf.forEach((id, sample) => {
    if (id === cell) members.push(sample);
  });
  return members;
}

/** The cells of a map that hold some samples, those with most first; -1 is for those in none. */
export function whereabouts(
  { cellOf }: ComparedMap,
  samples: readonly number[],
): { cell: number; count: number }[] {
  const counts = new Map<number, number>();
  for (const sample of samples) {
    const cell = cellOf[sample];
    counts.set(cell, (counts.get(cell) ?? 0) + 1);
  }
  return [...counts]
    .map(([cell, count]) => ({ cell, count }))
    .sort((a, b) => b.count - a.count || a.cell - b.cell);
}

/** The ground that both maps lie on: every slot that is a cell of either. */
export function commonGround({ maps: { a, b } }: Comparison): Grid {
  const ids = [...new Set([...a.grid.ids, ...b.grid.ids])].sort((one, two) => one - two);
  return new Grid({ size: a.grid.size, ids, counts: ids.map(() => 1) });
}
