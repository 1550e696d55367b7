/** Numbers as text, wherever one is shown: thousands apart, a true minus, no more digits than tell. */

export const formatCount = (count: number): string => count.toLocaleString("en-US");

export function plural(count: number, one: string, many = `${one}s`): string {
  return `${formatCount(count)} ${count === 1 ? one : many}`;
}

/** 1st, 2nd, 3rd, 4th, … */
export function ordinal(count: number): string {
  const teens = Math.floor(count / 10) % 10 === 1;
  const ending = (teens ? "" : ["", "st", "nd", "rd"][count % 10]) || "th";
  return `${formatCount(count)}${ending}`;
}

/** Format with so many decimals: cosines, correlations, shares of a mix. */
export function formatDecimal(value: number, digits = 2): string {
  const text = value.toFixed(digits);
  return Number(text) === 0 ? (0).toFixed(digits) : minus(text);
}

/** Whole hundredths. */
export const formatPercent = (share: number): string => `${Math.round(100 * share)} %`;

/** Shares of a hundred, as short as they can be without being wrong. */
export function formatShare(share: number): string {
  if (share > 0 && share < 0.005) return "<1 %";
  if (share < 1 && share > 0.995) return ">99 %";
  return formatPercent(share);
}

/** Contributions to a logit: a sign always, as many digits as tell something. */
export function formatValue(value: number): string {
  const size = Math.abs(value);
  const digits = size >= 100 ? 0 : size >= 10 ? 1 : size >= 0.095 ? 2 : 3;
  return signed(value, size.toFixed(digits)) || "0";
}

/** Standard deviations, always with a sign. */
export const formatSigma = (value: number): string =>
  `${signed(value, Math.abs(value).toFixed(1)) || "0"} σ`;

/** Three digits that tell something. */
export function formatPlain(value: number): string {
  if (value === 0 || !Number.isFinite(value)) return "0";
  return minus(Math.abs(value) >= 1000 ? value.toFixed(0) : value.toPrecision(3));
}

export function formatSeconds(seconds: number): string {
  if (seconds < 1.5) return "1 s";
  if (seconds < 90) return `${Math.round(seconds)} s`;
  if (seconds < 5400) return `${Math.round(seconds / 60)} min`;
  return `${(seconds / 3600).toFixed(1)} h`;
}

const minus = (text: string): string => text.replace("-", "−");

/** The sign before a size; empty where the size is shown as nothing. */
const signed = (value: number, size: string): string =>
  Number(size) === 0 ? "" : `${value < 0 ? "−" : "+"}${size}`;

/** The largest size of any value, never zero: the end of a common scale. */
export const largestSize = (values: readonly number[]): number =>
  Math.max(1e-12, ...values.map(Math.abs));

export const capitalized = (words: string): string =>
  words.charAt(0).toUpperCase() + words.slice(1);
