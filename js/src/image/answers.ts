import type { KernelMessageOf } from "../protocol/messages";
import type { PictureGroup } from "../protocol/picture_key";
import type { Canvas } from "../util/decode";
import { largestSize } from "../util/numbers";

/** In place of a class: none. */
export const NO_CLASS = -1;

/** A layer that the image is read in, and what is shown of its map. */
export interface LayerMap {
  name: string;
  channels: number;
  rows: number;
  columns: number;
  /** Each shown position stands for a square of so many positions of the layer's own map. */
  stride: number;
  /** The norm of the activation at each shown position. */
  norms: number[];
  maxNorm: number;
  channelGroup: PictureGroup;
  positionGroup: PictureGroup;
}

/** A class, and a number about it: its logit, or a contribution to it. */
export interface ClassScore {
  index: number;
  name: string;
  value: number;
}

/** The image that is open. */
export interface Opened {
  /** Of the kernel: with another one, all that was said of the image before is void. */
  serial: number;
  name: string;
  notes: string[];
  /** In the order in which they run. */
  layers: LayerMap[];
  /** The number of the atlas's own layer; −1 if the image is not read in it. */
  own: number;
  /** A position of that layer to look at first; −1 if there is none. */
  pinned: number;
  classes: ClassScore[];
  /** Why there are no classes; "" if there are. */
  withoutClasses: string;
  picture: Canvas | null;
}

export const sizeOf = ({ rows, columns }: LayerMap): number => rows * columns;

const numberAt = (values: readonly (number | null)[], at: number) => values[at] ?? 0;
const asNumbers = (values: readonly (number | null)[]) => values.map((value) => value ?? 0);

function readScores(
  indices: readonly number[],
  names: readonly (string | null)[],
  values: readonly (number | null)[],
): ClassScore[] {
  return indices.map((index, at) => ({
    index,
    name: names[at] ?? `class ${index}`,
    value: numberAt(values, at),
  }));
}

/** Takes consecutive runs out of a list. */
class Runs {
  private first = 0;

  constructor(private readonly values: readonly (number | null)[]) {}

  take(count: number): number[] {
    const run = asNumbers(this.values.slice(this.first, this.first + count));
    this.first += count;
    return run;
  }
}

export function readOpened(message: KernelMessageOf<"image">): Opened {
  const norms = new Runs(message.norms);
  const layers = message.layers.map((name, at) => {
    const [rows, columns] = [message.rows[at] ?? 1, message.columns[at] ?? 1];
    const own = norms.take(rows * columns);
    return {
      name: name ?? "",
      channels: message.channels[at] ?? 0,
      rows,
      columns,
      stride: message.strides[at] ?? 1,
      norms: own,
      maxNorm: Math.max(1e-12, ...own),
      channelGroup: (message.channel_groups[at] ?? "") as PictureGroup,
      positionGroup: (message.position_groups[at] ?? "") as PictureGroup,
    };
  });
  return {
    serial: message.serial,
    name: message.name,
    notes: message.notes.map((note) => note ?? ""),
    layers,
    own: message.own,
    pinned: message.pinned,
    classes: readScores(message.classes, message.names, message.scores),
    withoutClasses: message.without_classes,
    picture: null,
  };
}

/** The positions of the atlas's own layer on the map of the atlas. */
export interface Places {
  layer: number;
  grid: number;
  /** The cell whose picture stands in for that of a position; null: none does. */
  cells: (number | null)[];
  x: number[];
  y: number[];
  /** To the nearest sample. */
  cosine: number[];
  /** Nothing in the atlas is as like the position as samples usually are to each other. */
  unusual: boolean[];
}

export function readPlaces(message: KernelMessageOf<"image_on_atlas">): Places {
  return {
    layer: message.layer,
    grid: message.grid,
    cells: message.cells.map((cell) => (cell === null || cell < 0 ? null : cell)),
    x: asNumbers(message.x),
    y: asNumbers(message.y),
    cosine: asNumbers(message.cosine),
    unusual: message.unusual.map((value) => value === 1),
  };
}

/** What is known of one position. */
export interface PositionFacts {
  layer: number;
  position: number;
  /** What it effectively sees: left, top, right, bottom in fractions; null: not known. */
  box: readonly number[] | null;
  /** Its strongest channels; the share of samples below, null where no atlas says so. */
  channels: { channel: number; activation: number; percentile: number | null }[];
  /** Of its squared length that these channels have. */
  share: number;
  /** What feeds it, and what it feeds, are here too. */
  whole: boolean;
  classes: ClassScore[];
  /** By the number of another layer: the contribution of, or to, each position shown of it. */
  lit: ReadonlyMap<number, number[]>;
  /** The cosine of each position of the second image to this one. */
  alike: number[];
  problem: string;
}

export function readPosition(
  message: KernelMessageOf<"image_position">,
  layers: readonly LayerMap[],
): PositionFacts {
  const runs = new Runs(message.lit);
  const lit = new Map<number, number[]>();
  for (const at of message.lit_layers) if (layers[at]) lit.set(at, runs.take(sizeOf(layers[at])));
  return {
    layer: message.layer,
    position: message.position,
    box: message.box.length === 4 ? asNumbers(message.box) : null,
    channels: message.channels.map((channel, at) => ({
      channel,
      activation: numberAt(message.activations, at),
      percentile: message.percentiles[at] ?? null,
    })),
    share: message.share,
    whole: message.whole,
    classes: readScores(message.classes, message.names, message.contributions),
    lit,
    alike: asNumbers(message.alike),
    problem: message.problem,
  };
}

/** What of a score passes through no position of a layer, or is not explained. */
export interface Remainders {
  prefixTokens: number;
  biases: number;
  rest: number;
}

/** What one layer contributes to a score. */
export interface LayerAttribution extends Remainders {
  /** Of each shown position. */
  values: number[];
  /** The channels that contribute most for it, and most against it. */
  channels: { channel: number; value: number }[];
  /** The sum of all other channels. */
  others: number;
  /** The rest is nothing to speak of. */
  closed: boolean;
  /** No position contributes anything. */
  blank: boolean;
}

/** What all layers contribute to class `a`, or to `a` less `b`. */
export interface Attribution {
  a: number;
  b: number;
  about: string;
  score: number;
  layers: LayerAttribution[];
  /** The largest size of any position’s value: the end of the scale of all layers. */
  reach: number;
}

export function readAttribution(
  message: KernelMessageOf<"image_attribution">,
  layers: readonly LayerMap[],
): Attribution {
  const values = new Runs(message.values);
  let first = 0;
  const read = layers.map((layer, at) => {
    const count = numberAt(message.listed, at);
    const channels = message.channels.slice(first, first + count).map((channel, place) => ({
      channel,
      value: numberAt(message.contributions, first + place),
    }));
    first += count;
    return {
      values: values.take(sizeOf(layer)),
      channels,
      others: numberAt(message.others, at),
      prefixTokens: numberAt(message.prefix_tokens, at),
      biases: numberAt(message.biases, at),
      rest: numberAt(message.rest, at),
      closed: message.closed[at] === 1,
      blank: message.blank[at] === 1,
    };
  });
  const { a, b, about, score } = message;
  const reach = largestSize(read.flatMap((each) => each.values));
  return { a, b, about, score, layers: read, reach };
}

/** Groups of channels of one layer that are active together. */
export interface Groups extends Remainders {
  layer: number;
  count: number;
  /** The share of the map's squared length. */
  explained: number;
  /** Of each group: its strength at each shown position. */
  maps: number[][];
  a: number;
  b: number;
  /** Of each group to the score; empty if there is none. */
  contributions: number[];
  inNoGroup: number;
  score: number;
  pictures: PictureGroup;
}

export function readGroups(
  message: KernelMessageOf<"image_groups">,
  layers: readonly LayerMap[],
): Groups {
  const maps = new Runs(message.maps);
  const size = layers[message.layer] ? sizeOf(layers[message.layer]) : 0;
  const { layer, count, explained, a, b, score } = message;
  return {
    layer,
    count,
    explained,
    maps: Array.from({ length: count }, () => maps.take(size)),
    a,
    b,
    contributions: asNumbers(message.contributions),
    inNoGroup: message.in_no_group,
    prefixTokens: message.prefix_tokens,
    biases: message.biases,
    rest: message.rest,
    score,
    pictures: message.pictures as PictureGroup,
  };
}

/** One channel on the image, and the channels of other layers that it has most to do with. */
export interface ChannelFacts {
  layer: number;
  channel: number;
  values: number[];
  links: { layer: number; channel: number; value: number }[];
  problem: string;
}

export function readChannel(message: KernelMessageOf<"image_channel">): ChannelFacts {
  const { layer, channel, problem } = message;
  const links = message.link_layers.map((where, at) => ({
    layer: where,
    channel: message.link_channels[at] ?? 0,
    value: numberAt(message.link_values, at),
  }));
  return { layer, channel, values: asNumbers(message.values), links, problem };
}

/** What groups of one layer contribute to those of a later one, and these to classes. */
export interface Flow {
  lower: number;
  upper: number;
  count: number;
  /** By lower group, then by upper group. */
  values: number[][];
  /** To each upper group, by what is in no lower group. */
  left: number[];
  strengths: number[];
  /** By class, then by upper group. */
  classes: { index: number; name: string; values: number[] }[];
  lowerPictures: PictureGroup;
  upperPictures: PictureGroup;
}

export function readFlow(message: KernelMessageOf<"image_flow">): Flow {
  const { lower, upper, count } = message;
  const values = new Runs(message.values);
  const toClasses = new Runs(message.to_classes);
  return {
    lower,
    upper,
    count,
    values: Array.from({ length: count }, () => values.take(count)),
    left: asNumbers(message.left),
    strengths: asNumbers(message.strengths),
    classes: message.classes.map((index, at) => ({
      index,
      name: message.names[at] ?? `class ${index}`,
      values: toClasses.take(count),
    })),
    lowerPictures: message.lower_pictures as PictureGroup,
    upperPictures: message.upper_pictures as PictureGroup,
  };
}

/** What became of the scores without a part of a layer, beside what attribution predicts. */
export interface Trial {
  layer: number;
  words: string;
  classes: { index: number; name: string; score: number; predicted: number; actual: number }[];
}

export function readTrial(message: KernelMessageOf<"image_trial">): Trial {
  return {
    layer: message.layer,
    words: message.words,
    classes: message.classes.map((index, at) => ({
      index,
      name: message.names[at] ?? `class ${index}`,
      score: numberAt(message.scores, at),
      predicted: numberAt(message.predicted, at),
      actual: numberAt(message.actual, at),
    })),
  };
}

/** A class's score while positions are removed, or put back, and in random orders. */
export interface Curve {
  values: number[];
  low: number[];
  mean: number[];
  high: number[];
}

export interface Curves {
  layer: number;
  name: string;
  counts: number[];
  deletion: Curve;
  insertion: Curve;
}

export function readCurves(message: KernelMessageOf<"image_curves">): Curves {
  return {
    layer: message.layer,
    name: message.name,
    counts: asNumbers(message.counts),
    deletion: {
      values: asNumbers(message.deletion),
      low: asNumbers(message.deletion_low),
      mean: asNumbers(message.deletion_mean),
      high: asNumbers(message.deletion_high),
    },
    insertion: {
      values: asNumbers(message.insertion),
      low: asNumbers(message.insertion_low),
      mean: asNumbers(message.insertion_mean),
      high: asNumbers(message.insertion_high),
    },
  };
}
