import { describe, expect, it } from "vitest";
import sheet from "../../src/styles/theme.css?raw";

type Color = readonly [red: number, green: number, blue: number, alpha: number];

function variablesOf(selector: string): Map<string, string> {
  const start = sheet.indexOf(`\n${selector} {`);
  const block = sheet.slice(start, sheet.indexOf("\n}", start));
  return new Map(
    [...block.matchAll(/(--aw-[\w-]+):\s*([^;]+);/g)].map(([, name, value]) => [name, value]),
  );
}

const light = variablesOf(".aw-frame");
const dark = new Map([...light, ...variablesOf(':host([data-aw-theme="dark"]) .aw-frame')]);

/** What JupyterLab's own themes say; elsewhere the fallbacks hold. */
const LAB = {
  light: {
    "--jp-layout-color0": "#ffffff",
    "--jp-layout-color1": "#ffffff",
    "--jp-ui-font-color1": "rgba(0, 0, 0, 0.87)",
  },
  dark: {
    "--jp-layout-color0": "#111111",
    "--jp-layout-color1": "#212121",
    "--jp-ui-font-color1": "rgba(255, 255, 255, 0.87)",
  },
};
const THEMES: [string, Map<string, string>, Record<string, string>][] = [
  ["light", light, {}],
  ["dark", dark, {}],
  ["JupyterLab light", light, LAB.light],
  ["JupyterLab dark", dark, LAB.dark],
];

function colorOf(name: string, theme: Map<string, string>, page: Record<string, string>): Color {
  let value = theme.get(name) ?? "";
  const fallback = /^var\((--jp-[\w-]+),\s*(.+)\)$/.exec(value);
  if (fallback) value = page[fallback[1]] ?? fallback[2];
  const hex = /^#([0-9a-f]{3}|[0-9a-f]{6})$/i.exec(value)?.[1];
  if (hex) {
    const digits = hex.length === 3 ? [...hex].map((digit) => digit + digit).join("") : hex;
    const channel = (at: number) => Number.parseInt(digits.slice(at, at + 2), 16);
    return [channel(0), channel(2), channel(4), 1];
  }
  const numbers = /^rgba?\(([^)]+)\)$/.exec(value)?.[1].split(",").map(Number);
  if (!numbers) throw new Error(`${name} is ${value}, which is no colour`);
  return [numbers[0], numbers[1], numbers[2], numbers[3] ?? 1];
}

const over = (top: Color, below: Color): Color => {
  const mix = (at: 0 | 1 | 2) => top[at] * top[3] + below[at] * (1 - top[3]);
  return [mix(0), mix(1), mix(2), 1];
};

/** Relative luminance and contrast ratio as WCAG 2 defines them. */
function luminance([red, green, blue]: Color): number {
  const linear = (value: number) =>
    value / 255 <= 0.04045 ? value / 255 / 12.92 : ((value / 255 + 0.055) / 1.055) ** 2.4;
  return 0.2126 * linear(red) + 0.7152 * linear(green) + 0.0722 * linear(blue);
}

function contrast(one: Color, other: Color): number {
  const [low, high] = [luminance(one), luminance(other)].sort((a, b) => a - b);
  return (high + 0.05) / (low + 0.05);
}

/** What stands on what; a list of grounds lies one over the other, the lowest first. */
const TEXT: [string, string[]][] = [
  ["--aw-text", ["--aw-surface"]],
  ["--aw-text", ["--aw-stage"]],
  ["--aw-text", ["--aw-surface", "--aw-hover"]],
  ["--aw-text", ["--aw-notice-surface"]],
  ["--aw-text", ["--aw-error-surface"]],
  ["--aw-muted", ["--aw-surface"]],
  ["--aw-muted", ["--aw-stage"]],
  ["--aw-muted", ["--aw-surface", "--aw-hover"]],
  ["--aw-muted", ["--aw-notice-surface"]],
  ["--aw-muted", ["--aw-error-surface"]],
  ["--aw-accent", ["--aw-surface"]],
  ["--aw-accent", ["--aw-surface", "--aw-accent-soft"]],
  ["--aw-accent", ["--aw-surface", "--aw-hover"]],
  ["--aw-on-accent", ["--aw-accent"]],
  ["--aw-error", ["--aw-error-surface"]],
  ["--aw-on-pair", ["--aw-first"]],
  ["--aw-on-pair", ["--aw-other"]],
];
const SIGNS: [string, string[]][] = [
  ["--aw-accent", ["--aw-stage"]],
  ["--aw-for", ["--aw-surface", "--aw-track"]],
  ["--aw-against", ["--aw-surface", "--aw-track"]],
  ["--aw-whisker", ["--aw-surface", "--aw-track"]],
  ["--aw-first", ["--aw-surface"]],
  ["--aw-other", ["--aw-surface"]],
  ["--aw-channel", ["--aw-surface"]],
];

describe.each(THEMES)("the %s theme", (_, theme, page) => {
  const color = (name: string) => colorOf(name, theme, page);
  const ratio = (name: string, grounds: string[]) => {
    const ground = grounds.map(color).reduce((below, top) => over(top, below));
    return contrast(over(color(name), ground), ground);
  };

  it.each(TEXT)("%s can be read on %s", (name, grounds) => {
    expect(ratio(name, grounds)).toBeGreaterThanOrEqual(4.5);
  });

  it.each(SIGNS)("%s can be told from %s", (name, grounds) => {
    expect(ratio(name, grounds)).toBeGreaterThanOrEqual(3);
  });
});
