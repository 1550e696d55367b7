import type { KernelMessageOf } from "../protocol/messages";

/** One kind of pictures, and how faithful they are. */
export interface ControlRow {
  name: string;
  cosine: number | null;
  /** Between these lie 80 % of the cosines. */
  low: number | null;
  high: number | null;
  /** The share that comes back to its own cell. */
  own: number | null;
  /** The share in which the judge finds its cell; null without a judge. */
  found: number | null;
}

/** Pictures beside their controls. */
export interface PictureCheck {
  cells: number;
  rows: ControlRow[];
  /** The second network; null if there is none. */
  judge: string | null;
  passed: boolean;
  verdict: string;
}

export function readPictureCheck(message: KernelMessageOf<"pictures_checked">): PictureCheck {
  const { cells, judge, passed, verdict } = message;
  const rows = message.names.map((name, at) => ({
    name: name ?? "",
    cosine: message.cosine[at] ?? null,
    low: message.low[at] ?? null,
    high: message.high[at] ?? null,
    own: message.own[at] ?? null,
    found: message.found[at] ?? null,
  }));
  return { cells, rows, judge, passed, verdict };
}
