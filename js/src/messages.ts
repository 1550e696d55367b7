/**
 * The messages between the browser and the kernel.
 *
 * The two tables repeat `atlas_widget/messages.json`, which Python validates with; a test compares
 * them. They are written here as constants so that TypeScript derives the types from them.
 */

export const FROM_BROWSER = {
  ready: { view: "string", revision: "integer" },
  visible: { grid: "integer", cells: "cells", near: "cells" },
  hover: { grid: "integer", cell: "integer" },
  inspect: { grid: "integer", cell: "integer", request: "integer", seed: "integer" },
  inspect_variants: {
    grid: "integer",
    cell: "integer",
    request: "integer",
    seed: "integer",
    count: "integer",
  },
  inspect_mix: {
    grid: "integer",
    cell: "integer",
    other_grid: "integer",
    other_cell: "integer",
    share: "fraction",
    request: "integer",
    seed: "integer",
  },
  pause_inspect: { request: "integer", paused: "boolean" },
  more_steps: { request: "integer", steps: "integer" },
  stop_inspect: { request: "integer" },
  diagnoses: { grid: "integer" },
  diagnosis: { grid: "integer", cell: "integer" },
  split: { grid: "integer", cell: "integer" },
  inspect_half: {
    grid: "integer",
    cell: "integer",
    half: "integer",
    request: "integer",
    seed: "integer",
  },
  class_values: { grid: "integer", cell: "integer", classes: "integers" },
  crop_in_image: { grid: "integer", cell: "integer", crop: "integer" },
  acknowledge: { sheet: "integer" },
  missing: { grid: "integer", cells: "cells" },
  influence: { grid: "integer", class: "integer", cells: "cells" },
  strongest: { grid: "integer", classes: "integers" },
  real_crops: { grid: "integer", cells: "cells" },
  causal_test: {
    grid: "integer",
    cells: "cells",
    request: "integer",
    change: "string",
    amount: "number",
    where: "string",
    classes: "integers",
  },
  source_images: { first: "integer", count: "integer" },
  patch_picture: { image: "integer" },
  try_patch: {
    request: "integer",
    image: "integer",
    grid: "integer",
    cell: "integer",
    crop: "integer",
    x: "fraction",
    y: "fraction",
    size: "fraction",
    class: "integer",
    corners: "boolean",
  },
  patch_test: {
    request: "integer",
    grid: "integer",
    cell: "integer",
    crop: "integer",
    class: "integer",
    size: "fraction",
  },
  find_cues: { request: "integer", grid: "integer", first: "integer", second: "integer" },
  stop_task: { request: "integer" },
  export: { grid: "integer", cells: "cells", format: "string" },
  retry: {},
} as const;

export const FROM_KERNEL = {
  layout: {
    revision: "integer",
    final: "boolean",
    grids: "grids",
    samples: "integer",
    images: "integer",
    layer: "string",
    subject: "strings",
    axes: "axes",
  },
  sheet: {
    sheet: "integer",
    revision: "integer",
    grid: "integer",
    state: "string",
    cells: "cells",
    cosine: "numbers",
    rank: "numbers",
    tile: "integer",
    columns: "integer",
  },
  labels: {
    revision: "integer",
    grid: "integer",
    cells: "cells",
    labels: "strings",
    winners: "numbers",
    seconds: "numbers",
  },
  card: {
    revision: "integer",
    grid: "integer",
    cell: "integer",
    count: "integer",
    cosine: "number?",
    rank: "number?",
    state: "string",
    label: "string?",
    classes: "classes?",
    against: "classes?",
    crops: "integer",
    tile: "integer",
  },
  classes: { names: "strings", reason: "string" },
  frame: {
    request: "integer",
    grid: "integer",
    cell: "integer",
    step: "integer",
    steps: "integer",
    cosine: "number?",
    cosines: "numbers",
    done: "boolean",
  },
  inspect_failed: { request: "integer", message: "string" },
  profile: { revision: "integer", grid: "integer", cell: "integer", channels: "integer" },
  diagnoses: {
    revision: "integer",
    grid: "integer",
    cells: "cells",
    agreement: "numbers",
    emptiness: "numbers",
    kept: "numbers",
    mixtures: "cells",
  },
  diagnosis: {
    revision: "integer",
    grid: "integer",
    cell: "integer",
    count: "integer",
    images: "integer",
    agreement: "number?",
    resultant: "number?",
    nearest: "number?",
    emptiness: "number?",
    chance: "number?",
    mixture: "boolean",
    kept: "number?",
    spread: "integers",
  },
  halves: {
    revision: "integer",
    grid: "integer",
    cell: "integer",
    counts: "integers",
    images: "integers",
    resultants: "numbers",
    cosine: "number?",
    apart: "number?",
    chance: "number?",
    clear: "boolean",
    crops: "integers",
    tile: "integer",
  },
  half_classes: {
    revision: "integer",
    grid: "integer",
    cell: "integer",
    half: "integer",
    label: "string?",
    classes: "classes?",
  },
  class_values: { revision: "integer", grid: "integer", cell: "integer", classes: "classes?" },
  crop_in_image: {
    revision: "integer",
    grid: "integer",
    cell: "integer",
    crop: "integer",
    name: "string",
    crop_box: "numbers",
    seen_box: "numbers",
    seen: "integer",
    input: "integer",
    note: "string",
  },
  influence: {
    revision: "integer",
    grid: "integer",
    class: "integer",
    cells: "cells",
    values: "numbers",
    low: "numbers",
    high: "numbers",
  },
  strongest: {
    revision: "integer",
    grid: "integer",
    class: "integer",
    cells: "cells",
    values: "numbers",
    known: "integer",
    total: "integer",
  },
  real_crops: {
    revision: "integer",
    grid: "integer",
    cells: "cells",
    tile: "integer",
    columns: "integer",
  },
  task_progress: { request: "integer", done: "integer", total: "integer" },
  task_failed: { request: "integer", message: "string" },
  causal_test: {
    request: "integer",
    what: "string",
    pictures: "integer",
    names: "strings",
    predicted: "numbers",
    actual: "numbers",
    correlation: "number?",
    low: "number?",
    high: "number?",
    slope: "number?",
  },
  source_images: {
    first: "integer",
    total: "integer",
    images: "integers",
    names: "strings",
    tile: "integer",
    columns: "integer",
  },
  patch_picture: { image: "integer", name: "string", side: "integer" },
  patch_classes: {
    request: "integer",
    image: "integer",
    x: "number",
    y: "number",
    classes: "integers",
    names: "strings",
    before: "numbers",
    after: "numbers",
    scores: "numbers",
  },
  patch_tested: {
    request: "integer",
    name: "string",
    images: "integer",
    conditions: "strings",
    protocols: "strings",
    counts: "integers",
    flips: "integers",
    low: "numbers",
    high: "numbers",
    left_out: "strings",
    confirmed: "boolean",
  },
  cues: {
    request: "integer",
    grid: "integer",
    candidates: "integer",
    samples: "integer",
    cells: "cells",
    argue_for: "strings",
    seen_in: "strings",
    counts: "integers",
    influence: "numbers",
    predicted: "numbers",
    measured: "numbers",
    images: "integers",
    flips: "numbers",
    noise: "numbers",
    confirmed: "integers",
    notices: "strings",
    tile: "integer",
    columns: "integer",
  },
  exported: { path: "string", provenance: "string" },
  error: { message: "string", hint: "string", fatal: "boolean" },
  notice: { message: "string" },
} as const;

export interface ClassValue {
  /** Of the class among the model's outputs. */
  index: number;
  label: string;
  value: number;
  /** The interval's ends; null where one sample alone speaks and nothing is known of its spread. */
  low: number | null;
  high: number | null;
}

/** What an axis of a layout means; `low` and `high` are the values at 0 and at 1. */
export interface Axis {
  label: string;
  low: number | null;
  high: number | null;
  low_label: string;
  high_label: string;
}

export interface GridCells {
  size: number;
  ids: number[];
  counts: number[];
}

interface FieldTypes {
  string: string;
  integer: number;
  number: number;
  boolean: boolean;
  cells: number[];
  integers: number[];
  /** From 0 to 1. */
  fraction: number;
  numbers: (number | null)[];
  strings: (string | null)[];
  "string?": string | null;
  "number?": number | null;
  "classes?": ClassValue[] | null;
  grids: GridCells[];
  axes: Axis[];
}

type Fields = Record<string, keyof FieldTypes>;
type Message<Table extends Record<string, Fields>, Kind extends keyof Table> = {
  kind: Kind;
} & { -readonly [Field in keyof Table[Kind]]: FieldTypes[Table[Kind][Field]] };
type AnyOf<Table extends Record<string, Fields>> = {
  [Kind in keyof Table]: Message<Table, Kind>;
}[keyof Table];

export type BrowserMessage = AnyOf<typeof FROM_BROWSER>;
export type KernelMessage = AnyOf<typeof FROM_KERNEL>;
export type KernelMessageOf<Kind extends keyof typeof FROM_KERNEL> = Extract<
  KernelMessage,
  { kind: Kind }
>;

const isNumber = (value: unknown): value is number => typeof value === "number";
const isString = (value: unknown): value is string => typeof value === "string";
const listOf =
  (test: (item: unknown) => boolean) =>
  (value: unknown): boolean =>
    Array.isArray(value) && value.every(test);
const orNull =
  (test: (item: unknown) => boolean) =>
  (value: unknown): boolean =>
    value === null || test(value);

function isClassValue(value: unknown): boolean {
  const item = value as ClassValue | null;
  return (
    typeof item === "object" &&
    item !== null &&
    Number.isInteger(item.index) &&
    isString(item.label) &&
    isNumber(item.value) &&
    [item.low, item.high].every(orNull(isNumber))
  );
}

function isAxis(value: unknown): boolean {
  const item = value as Axis | null;
  return (
    typeof item === "object" &&
    item !== null &&
    [item.label, item.low_label, item.high_label].every(isString) &&
    [item.low, item.high].every(orNull(isNumber))
  );
}

function isGrid(value: unknown): boolean {
  const item = value as GridCells | null;
  return (
    typeof item === "object" &&
    item !== null &&
    Number.isInteger(item.size) &&
    item.size > 0 &&
    listOf(Number.isInteger)(item.ids) &&
    listOf(isNumber)(item.counts) &&
    item.ids.length === item.counts.length
  );
}

const CHECKS: Record<keyof FieldTypes, (value: unknown) => boolean> = {
  string: isString,
  integer: Number.isInteger,
  number: isNumber,
  boolean: (value) => typeof value === "boolean",
  cells: listOf(Number.isInteger),
  integers: listOf(Number.isInteger),
  fraction: isNumber,
  numbers: listOf(orNull(isNumber)),
  strings: listOf(orNull(isString)),
  "string?": orNull(isString),
  "number?": orNull(isNumber),
  "classes?": orNull(listOf(isClassValue)),
  grids: listOf(isGrid),
  axes: listOf(isAxis),
};

/** The message if it is one that the table knows, complete and well typed; else what is wrong. */
export function parseKernelMessage(content: unknown): KernelMessage | { problem: string } {
  const kind = (content as { kind?: unknown } | null)?.kind;
  if (!isString(kind) || !Object.hasOwn(FROM_KERNEL, kind)) {
    return { problem: `unknown kind ${JSON.stringify(kind)}` };
  }
  const fields: Fields = FROM_KERNEL[kind as keyof typeof FROM_KERNEL];
  for (const [name, type] of Object.entries(fields)) {
    if (!CHECKS[type]((content as Record<string, unknown>)[name])) {
      return { problem: `${kind}.${name} is not ${type}` };
    }
  }
  return content as KernelMessage;
}
