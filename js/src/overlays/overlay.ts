import type { Pixel } from "./colour";

export interface Tick {
  /** 0 to 1 along the scale. */
  at: number;
  text: string;
}

export interface ClassEntry {
  /** The class's index among the model's outputs. */
  class: number;
  name: string;
  colour: string;
  /** Cells in view that it wins. */
  count: number;
}

export interface Note {
  colour: string;
  /** SceneHost as a frame rather than a filled square. */
  framed?: boolean;
  text: string;
  /** The number of cells in view for which it is so. */
  count?: number;
}

/** The meaning of an overlay's colours. */
export interface Legend {
  title: string;
  /** The exact definition of what is shown. */
  about: string;
  scale?: { gradient: string; ticks: Tick[] };
  classes?: ClassEntry[];
  notes: Note[];
  /** Whether the pictures can be compared with controls here. */
  controls?: boolean;
}

/**
 * An overlay: the colour of each cell of one grid, and the legend. Everything that it shows is
 * decided when it is made; drawing is the renderer's.
 */
export interface Overlay {
  /** The colour over a cell's picture at full intensity; 0 leaves the picture as it is. */
  colour(cell: number): Pixel;
  /** The meaning of the colour in a word or two; null where there is none. */
  words?(cell: number): string | null;
  /** The same in full, for the card, where the card does not say so anyway. */
  sentence?(cell: number): string | null;
  /** Cells that are framed besides; none where this is left out. */
  framed?(cell: number): boolean;
  readonly legend: Legend;
}
