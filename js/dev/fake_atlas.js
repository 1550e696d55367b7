/** The fake kernel's atlas: which cells there are, what they look like and what they argue for. */

import { makeRandom, TEXTURES } from "./fake_pictures.js";

export const LABELS = [
  "golden retriever",
  "tabby cat",
  "fox squirrel",
  "bald eagle",
  "daisy",
  "coral reef",
  "seashore",
  "alp",
  "barn",
  "suspension bridge",
  "espresso",
  "candle",
  "sports car",
  "bicycle wheel",
  "<b>bold</b> label",
  "comic book",
  "honeycomb",
  "chain mail",
  "jellyfish",
  "Egyptian cat",
];
/** Classes that win no cell: they only argue somewhere. */
const ALSO = ["African hunting dog", "dogsled", "hot pot", "crane (20)", "crane (24)"];
export const CLASSES = [...LABELS, ...ALSO];

/** Samples in a few clouds joined by bridges, binned at every grid. */
export function makeGrids({ dense, sizes, seed = 3 }) {
  if (dense) {
    return sizes.map((size) => {
      const ids = Array.from({ length: size * size }, (_, id) => id);
      return { size, ids, counts: ids.map((id) => 5 + ((id * 37) % 40)) };
    });
  }
  const random = makeRandom(seed);
  const normal = () => random() + random() + random() + random() - 2;
  const clouds = Array.from({ length: 7 }, () => [
    0.2 + 0.6 * random(),
    0.2 + 0.6 * random(),
    0.05 + 0.07 * random(),
  ]);
  const points = Array.from({ length: 12000 }, () => {
    const [x, y, s] = clouds[Math.floor(random() * clouds.length)];
    return [x + normal() * s * 1.6, y + normal() * s * 1.6];
  }).filter(([x, y]) => x > 0 && x < 1 && y > 0 && y < 1);
  return sizes.map((size) => {
    const counts = new Map();
    for (const [x, y] of points) {
      const id = Math.floor(y * size) * size + Math.floor(x * size);
      counts.set(id, (counts.get(id) ?? 0) + 1);
    }
    const kept = [...counts].filter(([, count]) => count > 3).sort((a, b) => a[0] - b[0]);
    return { size, ids: kept.map(([id]) => id), counts: kept.map(([, count]) => count) };
  });
}

/** What x and y mean where two classes are compared. */
export function axesOf([kind, first, other]) {
  if (kind !== "comparison") return [];
  const nothing = { low: null, high: null, low_label: "", high_label: "" };
  return [
    {
      label: `influence on ${first} − influence on ${other}`,
      low: 1.34,
      high: -1.34,
      low_label: first,
      high_label: other,
    },
    { ...nothing, label: "similar activations lie close together" },
  ];
}

/** What is known of each cell, made up from its place alone. */
export class FakeAtlas {
  textureOf(grid, cell) {
    const x = ((cell % grid) + 0.5) / grid;
    const y = (Math.floor(cell / grid) + 0.5) / grid;
    return Math.floor((x * 0.55 + y * 0.45) * TEXTURES + ((cell * 13) % 9)) % TEXTURES;
  }

  classOf(grid, cell) {
    return Math.floor(this.textureOf(grid, cell) / (TEXTURES / LABELS.length)) % LABELS.length;
  }

  /** Some cells are shared by two classes. */
  shared(grid, cell) {
    return !this.uncertain(grid, cell) && this.textureOf(grid, cell) % 37 === 5;
  }

  neighbourOf(grid, cell) {
    return (this.classOf(grid, cell) + 1) % LABELS.length;
  }

  labelOf(grid, cell) {
    if (this.uncertain(grid, cell)) return null;
    const label = this.label(grid, cell);
    return this.shared(grid, cell)
      ? `mixed: ${label}, ${LABELS[this.neighbourOf(grid, cell)]}`
      : label;
  }

  label(grid, cell) {
    return LABELS[this.classOf(grid, cell)];
  }

  uncertain(grid, cell) {
    return this.textureOf(grid, cell) % 11 === 0;
  }

  fidelity(cell, state) {
    const spread = ((cell * 7919) % 100) / 100;
    if (state === "crop") return [null, null];
    if (state === "rough") return [0.3 + 0.3 * spread, null];
    return [0.34 + 0.5 * spread, spread > 0.93 ? 3 : 1];
  }
}
