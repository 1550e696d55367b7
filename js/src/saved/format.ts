import type { KernelMessage, KernelMessageOf } from "../protocol/messages";

/** The version of the format that this code reads. */
export const FORMAT = 1;

/** A class and its value with the interval's ends, four numbers each, one after the other. */
export type FlatClasses = (number | null)[];

/** The cells of one grid; every list is in the order of their ids in the layout. */
export interface SavedGrid {
  size: number;
  labels: KernelMessageOf<"labels">;
  /** Null where the page was written without them. */
  diagnoses: KernelMessageOf<"diagnoses"> | null;
  /** The state of each cell's picture; null where it has none of its own. */
  states: (string | null)[];
  cosine: (number | null)[];
  rank: (number | null)[];
  /** What each picture was made with, by its number among the page's texts. */
  made: number[];
  /** The classes that each cell argues for and against most; null where they are not known. */
  pro: (FlatClasses | null)[];
  contra: (FlatClasses | null)[];
  /** Why a cell is named after no class; "" if it is. */
  why_not: string[];
  /** All classes that each cell clearly argues for. */
  clear: FlatClasses[];
}

/** A sheet of pictures: the message that brings it, and the block with its bytes. */
export interface SavedSheet {
  message: KernelMessageOf<"sheet">;
  block: number;
}

/** Real crops, each once, in sheets of so many tiles. */
export interface SavedCrops {
  tile: number;
  columns: number;
  tiles: number;
  blocks: number[];
  /** The numbers of each cell's nearest crops, nearest first, by the size of the grid. */
  nearest: Record<string, number[][]>;
}

/** A message, and the block with its buffer; null where it has none. */
export interface SavedTold<Message = KernelMessage> {
  message: Message;
  block: number | null;
}

/** The units whose pages are in a page. */
export interface SavedUnits {
  overview: SavedTold<KernelMessageOf<"units">>;
  pages: { unit: number; told: SavedTold[] }[];
  values: SavedTold<KernelMessageOf<"unit_values">>[];
}

/** All that a saved page holds in place of a kernel. */
export interface SavedPage {
  format: number;
  traits: Record<string, unknown>;
  layout: KernelMessageOf<"layout">;
  classes: KernelMessageOf<"classes">;
  regions: KernelMessageOf<"regions"> | null;
  notes: KernelMessageOf<"notes"> | null;
  grids: SavedGrid[];
  made: string[];
  /** How far an image’s first class usually is ahead of its second, in logits. */
  lead: number | null;
  sheets: SavedSheet[];
  /** Null where no unit was opened. */
  units: SavedUnits | null;
  /** Null in a page without photos. */
  crops: SavedCrops | null;
}

/** Reads the bytes of a block of the page by its number. */
export type ReadBlock = (block: number) => Uint8Array<ArrayBuffer>;
