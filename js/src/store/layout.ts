import { Grid } from "../geometry/grids";
import type { Axis, KernelMessageOf } from "../protocol/messages";
import { readSubject, type Subject } from "./subject";

/** All grids over one arrangement of the samples. */
export interface Layout {
  revision: number;
  final: boolean;
  /** Coarsest first. */
  grids: Grid[];
  samples: number;
  images: number;
  layer: string;
  subject: Subject;
  /** The meaning of x and y; none where they only part what differs. */
  axes: Axis[];
}

export function readLayout(message: KernelMessageOf<"layout">): Layout {
  const { revision, final, samples, images, layer, axes } = message;
  const grids = message.grids.map((cells) => new Grid(cells)).sort((a, b) => a.size - b.size);
  return {
    revision,
    final,
    grids,
    samples,
    images,
    layer,
    axes,
    subject: readSubject(message.subject),
  };
}
