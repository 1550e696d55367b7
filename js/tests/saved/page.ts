import type { SavedGrid, SavedPage } from "../../src/saved/format";

const COARSE = [0, 3];
const FINE = [0, 1, 14, 15];

/** A grid without classes. */
function plainGrid(size: number, ids: number[]): SavedGrid {
  const nothing = ids.map(() => null);
  return {
    size,
    labels: {
      kind: "labels",
      revision: 0,
      grid: size,
      cells: ids,
      labels: nothing,
      winners: nothing,
      seconds: nothing,
      leading: nothing,
    },
    diagnoses: null,
    states: ids.map(() => "final"),
    cosine: ids.map(() => 0.5),
    rank: ids.map(() => 1),
    made: ids.map(() => 0),
    why_not: ids.map(() => ""),
    pro: nothing,
    contra: nothing,
    clear: ids.map(() => []),
  };
}

/** A page of two grids: of 2 × 2 cells, two of which are there, and of 4 × 4, of which four are. */
export function makePage(): SavedPage {
  const coarse = plainGrid(2, COARSE);
  coarse.pro = [
    [0, 0.5, 0.25, 0.75, 1, 0.1, -0.1, 0.3],
    [1, 0.9, 0.8, 1],
  ];
  coarse.contra = [[2, -0.4, -0.5, -0.3], []];
  coarse.clear = [
    [0, 0.5, 0.25, 0.75],
    [1, 0.9, 0.8, 1, 0, 0.2, 0.1, 0.3],
  ];
  const sheet = (id: number, grid: number, numbers: number[], block: number) => ({
    block,
    message: {
      kind: "sheet" as const,
      sheet: id,
      revision: 0,
      group: `cell:${grid}`,
      state: "final",
      numbers,
      cosine: numbers.map(() => 0.5),
      rank: numbers.map(() => 1),
      tile: 64,
      columns: numbers.length,
    },
  });
  return {
    format: 1,
    traits: {
      layer: "layer3",
      viewport: [0, 0, 1, 1],
      level: 2,
      fixed_level: null,
      selection: [],
      opened: [],
      overlay: "pictures",
    },
    units: null,
    notes: {
      kind: "notes",
      revision: 0,
      where: "",
      kept: true,
      ids: ["a1b2c3"],
      names: ["eyes"],
      texts: [""],
      grids: [2],
      cells: ["0 1"],
      units: [-1],
      here: [1],
      changed: [""],
    },
    layout: {
      kind: "layout",
      revision: 0,
      final: true,
      grids: [
        { size: 2, ids: COARSE, counts: [5, 7] },
        { size: 4, ids: FINE, counts: [2, 3, 4, 3] },
      ],
      samples: 12,
      images: 3,
      layer: "layer3",
      subject: [],
      axes: [],
    },
    classes: {
      kind: "classes",
      names: ["tabby", "</script>", "<b>bold</b>"],
      assumed: false,
      reason: "",
      kinds: [],
      members: [],
    },
    regions: null,
    grids: [coarse, plainGrid(4, FINE)],
    made: ["direction + statistics of 5 crops"],
    lead: 2.5,
    sheets: [
      sheet(0, 2, COARSE, 0),
      sheet(1, 4, FINE.slice(0, 2), 1),
      sheet(2, 4, FINE.slice(2), 2),
    ],
    crops: null,
  };
}
