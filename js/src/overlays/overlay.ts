import type { Pixel } from "./colour";

export interface Tick {
  /** 0 to 1 along the scale. */
  at: number;
  text: string;
}

export interface ClassEntry {
  /** Of the class among the model's outputs. */
  class: number;
  name: string;
  colour: string;
  /** Cells in view that it wins. */
  count: number;
}

export interface Note {
  colour: string;
  /** Drawn as a frame rather than a filled square. */
  framed?: boolean;
  text: string;
  /** Of how many cells in view it is so. */
  count?: number;
}

/** What the colours of an overlay mean. */
export interface Legend {
  title: string;
  /** What exactly is shown, for those who want to know. */
  about: string;
  scale?: { gradient: string; ticks: Tick[] };
  classes?: ClassEntry[];
  notes: Note[];
}

/**
 * An overlay: the colour of each cell of one grid, and the legend. Everything that it shows is
 * decided when it is made; drawing is the renderer's.
 */
export interface Overlay {
  /** The colour over a cell's picture at full intensity; 0 leaves the picture as it is. */
  colour(cell: number): Pixel;
  /** What the colour stands for, in a word or two; null where there is nothing to say. */
  words?(cell: number): string | null;
  /** The same in full, for the card, where the card does not say so anyway. */
  sentence?(cell: number): string | null;
  /** Cells that are framed besides; none where this is left out. */
  framed?(cell: number): boolean;
  readonly legend: Legend;
}

/** Round numbers (1, 2 or 5 times a power of ten) from `low` to `high`, at most about `most`. */
export function roundTicks(low: number, high: number, most: number): number[] {
  if (!(high > low)) return [low];
  const rough = (high - low) / most;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10].map((times) => times * power).find((size) => size >= rough)!;
  const first = Math.ceil(low / step - 1e-9);
  const last = Math.floor(high / step + 1e-9);
  return Array.from({ length: last - first + 1 }, (_, at) =>
    Number(((first + at) * step).toPrecision(12)),
  );
}

/** The same for a scale of ratios: 1, 2, 5, 10, 20 … as many as fit. */
export function ratioTicks(low: number, high: number, most: number): number[] {
  if (!(low > 0 && high > low)) return [low];
  const from = Math.floor(Math.log10(low));
  const to = Math.ceil(Math.log10(high));
  for (const times of [[1, 2, 5], [1, 3], [1]]) {
    const ticks: number[] = [];
    for (let power = from; power <= to; power++) {
      for (const factor of times) {
        const tick = Number((factor * 10 ** power).toPrecision(12));
        if (tick >= low && tick <= high) ticks.push(tick);
      }
    }
    if (ticks.length <= most) return ticks;
  }
  return [low, high];
}
