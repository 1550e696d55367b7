/**
 * Colour scales. Mixed in CIELAB, where equal steps look about equal, out of stops whose lightness
 * rises or falls all along: they can be told apart without seeing hues.
 */
import { interpolateLab, piecewise } from "d3-interpolate";
import { clamp } from "../geometry/geometry";

export type Rgb = readonly [number, number, number];

/** A colour as the four bytes of a canvas pixel, read as one little-endian number; 0 is none. */
export type Pixel = number;

export function parseColour(text: string): Rgb {
  const value = Number.parseInt(text.slice(1), 16);
  return [(value >> 16) & 255, (value >> 8) & 255, value & 255];
}

export function pixelOf([red, green, blue]: Rgb, alpha = 1): Pixel {
  return ((Math.round(alpha * 255) << 24) | (blue << 16) | (green << 8) | red) >>> 0;
}

export function cssOf([red, green, blue]: Rgb, alpha = 1): string {
  return alpha === 1 ? `rgb(${red} ${green} ${blue})` : `rgb(${red} ${green} ${blue} / ${alpha})`;
}

export function cssOfPixel(pixel: Pixel): string {
  const rgb: Rgb = [pixel & 255, (pixel >> 8) & 255, (pixel >> 16) & 255];
  return cssOf(rgb, Number(((pixel >>> 24) / 255).toFixed(3)));
}

const hexOf = ([red, green, blue]: Rgb): string =>
  `#${((red << 16) | (green << 8) | blue).toString(16).padStart(6, "0")}`;

/** A colour as d3 writes it: rgb(1, 2, 3). */
function parseMixed(text: string): Rgb {
  const [red, green, blue] = text.match(/\d+/g)!.map(Number);
  return [red, green, blue];
}

const STEPS = 256;

/** A scale from 0 to 1, looked up rather than computed: grids have a hundred thousand cells. */
export class Ramp {
  private readonly colours: Rgb[];

  constructor(stops: readonly string[]) {
    const mix = piecewise(interpolateLab, [...stops]);
    this.colours = Array.from({ length: STEPS }, (_, step) => parseMixed(mix(step / (STEPS - 1))));
  }

  at(share: number): Rgb {
    const step = Math.round(clamp(share, 0, 1) * (STEPS - 1));
    return this.colours[Number.isNaN(step) ? 0 : step];
  }

  /** For a legend: enough stops that the browser's own mixing does not show. */
  get gradient(): string {
    const stops = Array.from({ length: 17 }, (_, at) => cssOf(this.at(at / 16)));
    return `linear-gradient(90deg, ${stops.join(", ")})`;
  }
}

/** Viridis, by Stéfan van der Walt and Nathaniel Smith (matplotlib, CC0): for numbers of samples. */
export const VIRIDIS = new Ramp([
  "#440154",
  "#482878",
  "#3e4989",
  "#31688e",
  "#26828e",
  "#1f9e89",
  "#35b779",
  "#6ece58",
  "#b5de2b",
  "#fde725",
]);

/** Mako, by Michael Waskom (seaborn, BSD): for cosines; frames of amber stand out from all of it. */
export const MAKO = new Ramp(["#0b0405", "#382a54", "#395d9c", "#3497a9", "#60ceac", "#def5e5"]);

/** From against to for, the hues of the class bars; zero is what the background is like. */
const AGAINST_TO_FOR = {
  light: new Ramp(["#8f3d0c", "#d9762f", "#f2c9a5", "#f5f4f1", "#aecdee", "#3f86d2", "#0c468f"]),
  dark: new Ramp(["#ffc79e", "#e98a4f", "#7d4626", "#25272b", "#234f80", "#4b95e6", "#b4d8ff"]),
};

/** Half-way between two colours. */
export function mixed(a: Rgb, b: Rgb, share: number): Rgb {
  return parseMixed(interpolateLab(hexOf(a), hexOf(b))(share));
}

export const divergingRamp = (dark: boolean): Ramp => AGAINST_TO_FOR[dark ? "dark" : "light"];

/**
 * Seven colours for classes that are told apart with any common colour blindness: Masataka
 * Okabe and Kei Ito's (2008) without black, which is no tint.
 */
export const CLASS_COLOURS: readonly Rgb[] = [
  "#0072b2",
  "#e69f00",
  "#009e73",
  "#cc79a7",
  "#56b4e9",
  "#d55e00",
  "#f0e442",
].map(parseColour);

/** Ten colours for classes of images, as dots: Tableau’s, by Maureen Stone. */
export const KIND_COLOURS: readonly Rgb[] = [
  "#4e79a7",
  "#f28e2b",
  "#e15759",
  "#76b7b2",
  "#59a14f",
  "#edc948",
  "#b07aa1",
  "#ff9da7",
  "#9c755f",
  "#8c8c8c",
].map(parseColour);

/** Hues from the left of a map to its right, alike in lightness and never grey. */
const ACROSS = new Ramp([
  "#4a63d3",
  "#1d8fc4",
  "#149c7a",
  "#8a9a1c",
  "#d98a1b",
  "#d94f4f",
  "#b8479c",
]);
/** How much lighter the top of a map is, and how much darker its bottom. */
const [LIGHTER, DARKER] = [0.3, 0.34];

/** The colour of a place on a map, so that samples are recognised on another map. */
export function placeColour(x: number, y: number): Rgb {
  const hue = ACROSS.at(x);
  const [white, black]: [Rgb, Rgb] = [
    [255, 255, 255],
    [0, 0, 0],
  ];
  return y < 0.5
    ? mixed(hue, white, LIGHTER * (1 - 2 * y))
    : mixed(hue, black, DARKER * (2 * y - 1));
}

/** Classes that are too many for colours of their own, and cells without a certain class. */
export const OTHER_COLOUR = { light: parseColour("#5d6673"), dark: parseColour("#8e98a6") };
export const UNCERTAIN_COLOUR = { light: parseColour("#b9bec5"), dark: parseColour("#3d434b") };
