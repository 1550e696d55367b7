/** The messages between the browser and the kernel, as types, and how one that arrives is checked. */
import { FROM_BROWSER, FROM_KERNEL } from "./message_tables";

export { FROM_BROWSER, FROM_KERNEL };

export interface ClassValue {
  /** The class's index among the model's outputs. */
  index: number;
  label: string;
  value: number;
  /** The interval's ends; null where one sample alone speaks and nothing is known of its spread. */
  low: number | null;
  high: number | null;
}

/** An axis of a layout; `low` and `high` are the values at 0 and at 1. */
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
  /** A longer one, which the browser may send. */
  text: string;
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
  text: isString,
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
export function parseKernelMessage(content: unknown): KernelMessage | { invalid: string } {
  const kind = (content as { kind?: unknown } | null)?.kind;
  if (!isString(kind) || !Object.hasOwn(FROM_KERNEL, kind)) {
    return { invalid: `unknown kind ${JSON.stringify(kind)}` };
  }
  const fields: Fields = FROM_KERNEL[kind as keyof typeof FROM_KERNEL];
  for (const [name, type] of Object.entries(fields)) {
    if (!CHECKS[type]((content as Record<string, unknown>)[name])) {
      return { invalid: `${kind}.${name} is not ${type}` };
    }
  }
  return content as KernelMessage;
}
