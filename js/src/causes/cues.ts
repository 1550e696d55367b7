import type { KernelMessageOf } from "../protocol/messages";

/** A cell that argues for a class although it is seen in images of another one. */
export interface Cue {
  cell: number;
  argueFor: string;
  seenIn: string;
  /** The number of such samples. */
  samples: number;
  /** The mean of what they argue for the one class rather than for the other. */
  influence: number;
  /** The effect of pasting it on the difference of the two scores; null where not measured. */
  predicted: number | null;
  measured: number | null;
  /** On so many images; which part of them becomes the class, and with noise in its place. */
  images: number;
  flips: number | null;
  noise: number | null;
  confirmed: boolean;
}

/** The classes between which cues can be looked for, those of most samples first. */
export interface CueClasses {
  samples: ReadonlyMap<number, number>;
  toldBy: string;
}

export function readCueClasses(message: KernelMessageOf<"cue_classes">): CueClasses {
  const { classes, samples, told_by: toldBy } = message;
  return { samples: new Map(classes.map((index, at) => [index, samples[at] ?? 0])), toldBy };
}

export interface CueReport {
  grid: number;
  candidates: number;
  samples: number;
  cues: Cue[];
  notices: string[];
  /** One row of crops for each cue. */
  tile: number;
  columns: number;
}

export function readCues(message: KernelMessageOf<"cues">): CueReport {
  const { grid, candidates, samples, tile, columns } = message;
  const cues = message.cells.map((cell, at) => ({
    cell,
    argueFor: message.argue_for[at] ?? "",
    seenIn: message.seen_in[at] ?? "",
    samples: message.counts[at] ?? 0,
    influence: message.influence[at] ?? 0,
    predicted: message.predicted[at] ?? null,
    measured: message.measured[at] ?? null,
    images: message.images[at] ?? 0,
    flips: message.flips[at] ?? null,
    noise: message.noise[at] ?? null,
    confirmed: message.confirmed[at] === 1,
  }));
  const notices = message.notices.filter((notice): notice is string => notice !== null);
  return { grid, candidates, samples, cues, notices, tile, columns };
}
