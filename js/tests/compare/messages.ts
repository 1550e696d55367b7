import type { KernelMessageOf } from "../../src/protocol/messages";

/** Four samples on a 2 × 2 grid: a has cells 0 and 3; b has 0, and one sample in none. */
export const COMPARISON: KernelMessageOf<"comparison"> = {
  kind: "comparison",
  revision: 1,
  names: ["early", "late"],
  grid: 2,
  samples: 4,
  images: 3,
  inverted: true,
  notices: [],
  kinds: ["ape", "bee"],
  scores: ["agreement", "cka"],
  value: [0.25, null],
  low: [0.2, null],
  high: [0.3, null],
  control: [0.01, null],
  control_low: [-0.02, null],
  control_high: [0.03, null],
  units: [3],
  matches: [7],
  correlations: [0.8],
  floors: [0.2],
  mutual: 1,
  gone: 2,
  new: 0,
};

const cells = {
  kind: "compared_cells",
  revision: 1,
  images: [3, 5],
  low: [null, 0.1],
  high: [null, 0.4],
  jaccard: [0.5, 0.1],
  share: [1, 0.5],
  floor: [0.2, 0.3],
} as const;

export const CELLS_A: KernelMessageOf<"compared_cells"> = {
  ...cells,
  images: [...cells.images],
  low: [...cells.low],
  high: [...cells.high],
  jaccard: [...cells.jaccard],
  share: [...cells.share],
  floor: [...cells.floor],
  side: "a",
  cells: [0, 3],
  counts: [2, 2],
  agreement: [null, 0.5],
  partner: [0, -1],
  matched: [null, 0],
};

export const CELLS_B: KernelMessageOf<"compared_cells"> = {
  ...CELLS_A,
  side: "b",
  cells: [0],
  counts: [3],
  agreement: [0.4],
  partner: [0],
  matched: [1],
};

export const SERIES: KernelMessageOf<"comparison_series"> = {
  kind: "comparison_series",
  revision: 1,
  names: ["one", "two"],
  samples: 2,
  images: 2,
  notices: [],
  kinds: [],
  agreement: [null, 0.3],
  same_class: [null, null],
};

/** Places of the two samples on both maps, and no class. */
export function seriesOf(): Uint8Array {
  const rows = [
    [0, 65_535],
    [0, 0],
    [65_535, 65_535],
    [0, 32_768],
    [65_535, 65_535],
  ];
  return new Uint8Array(Uint16Array.from(rows.flat()).buffer);
}

/** Places, cells and classes of the four samples. */
export function samplesOf(): Uint8Array {
  const rows = [
    [0, 16_384, 65_535, 49_152], // x of a
    [0, 16_384, 65_535, 49_152],
    [0, 0, 16_384, 65_535], // x of b
    [0, 16_384, 0, 65_535],
    [0, 0, 3, 3],
    [0, 0, 0, 65_535],
    [0, 1, 65_535, 1],
  ];
  return new Uint8Array(Uint16Array.from(rows.flat()).buffer);
}
