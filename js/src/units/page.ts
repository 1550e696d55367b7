import type { KernelMessageOf } from "../protocol/messages";
import type { Canvas } from "../util/decode";

/** A column of the quilt: examples whose activation lies between two values. */
export interface QuiltColumn {
  low: number;
  high: number;
  count: number;
  /** The number of its first tile in the page's sheet, and of tiles. */
  first: number;
  tiles: number;
  /** The most frequent labels of the images of all its samples, with their shares. */
  labels: { label: string; share: number }[];
}

/** The most frequent label of the strongest examples. */
export interface LabelShare {
  label: string;
  count: number;
  total: number;
  /** The share’s 95 % interval, the label’s share of all images, and what random directions reach. */
  low: number;
  high: number;
  base: number;
  floor: number;
}

/** What is on a unit's page. */
export interface UnitPage {
  unit: number;
  /** The unit has the same activation everywhere. */
  dead: boolean;
  low: number;
  high: number;
  bins: number[];
  examples: { activation: number; name: string }[];
  quilt: QuiltColumn[];
  grid: number;
  cells: { cell: number; mean: number }[];
  /** The twentieth of all cells with the largest mean. */
  strongest: number[];
  relatives: { unit: number; correlation: number }[];
  label: LabelShare | null;
  /** The samples that the tiles of the sheet are crops of. */
  samples: number[];
  sheet: Canvas | null;
  tile: number;
  columns: number;
}

export function readPage(message: KernelMessageOf<"unit">): UnitPage {
  const { unit, dead, low, high, grid, tile, columns } = message;
  let first = message.examples.length;
  let label = 0;
  const quilt = message.quilt_tiles.map((count, at) => {
    const tiles = count ?? 0;
    const column = {
      low: message.quilt_low[at] ?? 0,
      high: message.quilt_high[at] ?? 0,
      count: message.quilt_counts[at] ?? 0,
      first,
      tiles,
      labels: Array.from({ length: message.quilt_mixes[at] ?? 0 }, (_, number) => ({
        label: message.quilt_labels[label + number] ?? "",
        share: message.quilt_shares[label + number] ?? 0,
      })),
    };
    first += tiles;
    label += column.labels.length;
    return column;
  });
  return {
    unit,
    dead,
    low,
    high,
    bins: message.bins.map((count) => count ?? 0),
    examples: message.examples.map((activation, at) => ({
      activation: activation ?? 0,
      name: message.names[at] ?? "",
    })),
    quilt,
    grid,
    cells: message.cells.map((cell, at) => ({ cell, mean: message.means[at] ?? 0 })),
    strongest: message.strongest,
    relatives: message.relatives.map((other, at) => ({
      unit: other,
      correlation: message.correlations[at] ?? 0,
    })),
    label: readLabel(message),
    samples: message.samples,
    sheet: null,
    tile,
    columns,
  };
}

function readLabel(message: KernelMessageOf<"unit">): LabelShare | null {
  const { label, label_count: count, label_total: total } = message;
  if (label === null || total === 0) return null;
  const share = count / total;
  return {
    label,
    count,
    total,
    low: message.label_low ?? share,
    high: message.label_high ?? share,
    base: message.label_base ?? 0,
    floor: message.label_floor ?? 0,
  };
}
