import type { KernelMessageOf } from "../protocol/messages";
import { formatDecimal, formatPercent, formatValue, plural } from "../util/numbers";

export interface ScorePoint {
  /** The score, as a place in `names`. */
  score: number;
  predicted: number;
  actual: number;
}

/** The changes that attribution predicted, and those that happened, on real images. */
export interface CausalTest {
  /** The change that was made, in a few words. */
  what: string;
  pictures: number;
  names: string[];
  points: ScorePoint[];
  /** Pearson's, with its 95 % interval; null where there is none. */
  correlation: number | null;
  low: number | null;
  high: number | null;
  /** The actual change per unit predicted. */
  slope: number | null;
}

export function readCausalTest(message: KernelMessageOf<"causal_test">): CausalTest {
  const { what, pictures, correlation, low, high, slope } = message;
  const names = message.names.map((name) => name ?? "");
  const points: ScorePoint[] = [];
  message.predicted.forEach((predicted, at) => {
    const actual = message.actual[at];
    if (typeof predicted !== "number" || typeof actual !== "number") return;
    points.push({ score: at % Math.max(1, names.length), predicted, actual });
  });
  return { what, pictures, names, points, correlation, low, high, slope };
}

/** Each score's mean change, the largest first. */
export function meanChanges({ names, points }: CausalTest): { name: string; change: number }[] {
  return names
    .map((name, score) => {
      const own = points.filter((point) => point.score === score);
      const sum = own.reduce((total, { actual }) => total + actual, 0);
      return { name, change: own.length > 0 ? sum / own.length : 0 };
    })
    .sort((a, b) => Math.abs(b.change) - Math.abs(a.change));
}

/** The numbers in one line. */
export function describeNumbers(test: CausalTest): string {
  const { correlation, low, high, pictures, names } = test;
  const n = `n = ${plural(pictures, "crop")}`;
  const scores = names.length > 1 ? ` × ${names.length} classes` : "";
  if (correlation === null) return `no correlation · ${n}${scores}`;
  const within =
    low !== null && high !== null ? ` [${formatDecimal(low)}, ${formatDecimal(high)}]` : "";
  return `r = ${formatDecimal(correlation)}${within} · ${n}${scores}`;
}

/** Describe the meaning of the numbers. */
export function describeMeaning(test: CausalTest): string {
  const [strongest] = meanChanges(test);
  const effect = strongest
    ? `On average the logit of “${strongest.name}” changes most, by ${formatValue(strongest.change)}. `
    : "";
  return effect + judge(test);
}

function judge({ correlation, low, slope, points }: CausalTest): string {
  if (points.every(({ predicted, actual }) => predicted === 0 && actual === 0)) {
    return "Nothing was changed: the direction does not occur in these crops.";
  }
  if (correlation === null || low === null) return "Too few crops to say more.";
  if (low <= 0) {
    return "Attribution does not predict the outcome here: the interval of the correlation includes zero.";
  }
  const size = slope === null ? "" : describeSlope(slope);
  if (correlation >= 0.8) return `Attribution predicts the outcome well${size}.`;
  if (correlation >= 0.5) return `Attribution predicts the outcome roughly${size}.`;
  return `Attribution predicts only a little of the outcome${size}.`;
}

/** Beyond a third more or less than predicted, the rest of the network has a say. */
function describeSlope(slope: number): string {
  const part = `${formatPercent(slope)} of the predicted size`;
  if (slope < 0.67) return `, but only ${part}: the rest of the network makes up for the change`;
  if (slope > 1.5) return `, at ${part}: the rest of the network enlarges the change`;
  return `, at ${part}`;
}

/** The same range for both axes, with zero in it and round ends. */
export function rangeOf(points: readonly ScorePoint[]): { low: number; high: number } {
  const values = points.flatMap(({ predicted, actual }) => [predicted, actual]);
  const low = Math.min(0, ...values);
  const high = Math.max(0, ...values);
  const margin = 0.05 * (high - low) || 1;
  return { low: low - margin, high: high + margin };
}

/** Round numbers within a range, zero among them: three or a few more. */
export function ticksOf({ low, high }: { low: number; high: number }): number[] {
  const power = 10 ** Math.floor(Math.log10(high - low));
  const ticks = [5, 2, 1, 0.5, 0.2, 0.1].map((digit) => {
    const step = digit * power;
    const first = Math.ceil(low / step);
    const last = Math.floor(high / step);
    return Array.from({ length: last - first + 1 }, (_, at) => (first + at) * step);
  });
  return ticks.find(({ length }) => length >= 3) ?? [0];
}
