/** What a kernel says of an image, for tests: two layers, of 2 × 2 and of 1 × 2 positions. */
import type { KernelMessageOf } from "../../src/protocol/messages";

export const image = (
  serial: number,
  more: Partial<KernelMessageOf<"image">> = {},
): KernelMessageOf<"image"> => ({
  kind: "image",
  serial,
  name: "photo.jpg",
  notes: [],
  layers: ["low", "high"],
  channels: [3, 4],
  rows: [2, 1],
  columns: [2, 2],
  strides: [1, 1],
  norms: [1, 2, 3, 0, 5, 4],
  channel_groups: [`channel:${serial}.0`, `channel:${serial}.1`],
  position_groups: [`position:${serial}.0`, `position:${serial}.1`],
  own: 1,
  pinned: -1,
  classes: [7, 3],
  names: ["cat", "<b>dog</b>"],
  scores: [9, 4],
  without_classes: "",
  ...more,
});

export const position = (
  serial: number,
  layer: number,
  number: number,
  more: Partial<KernelMessageOf<"image_position">> = {},
): KernelMessageOf<"image_position"> => ({
  kind: "image_position",
  serial,
  layer,
  position: number,
  box: [0, 0, 0.5, 0.5],
  channels: [2, 0],
  activations: [3, 1],
  percentiles: [99, null],
  share: 0.8,
  whole: false,
  classes: [],
  names: [],
  contributions: [],
  lit_layers: [],
  lit: [],
  alike: [],
  problem: "",
  ...more,
});
