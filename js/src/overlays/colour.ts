/**
 * Colour scales. Mixed in OKLab (Björn Ottosson, 2020), where equal steps look equal, out of stops
 * whose lightness rises or falls all along: they can be told apart without seeing hues.
 */
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

type Lab = readonly [number, number, number];

const toLinear = (byte: number): number => {
  const share = byte / 255;
  return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
};

const toByte = (linear: number): number => {
  const share = linear <= 0.0031308 ? 12.92 * linear : 1.055 * linear ** (1 / 2.4) - 0.055;
  return Math.round(255 * clamp(share, 0, 1));
};

export function toOklab(rgb: Rgb): Lab {
  const [r, g, b] = rgb.map(toLinear);
  const l = Math.cbrt(0.4122214708 * r + 0.5363325363 * g + 0.0514459929 * b);
  const m = Math.cbrt(0.2119034982 * r + 0.6806995451 * g + 0.1073969566 * b);
  const s = Math.cbrt(0.0883024619 * r + 0.2817188376 * g + 0.6299787005 * b);
  return [
    0.2104542553 * l + 0.793617785 * m - 0.0040720468 * s,
    1.9779984951 * l - 2.428592205 * m + 0.4505937099 * s,
    0.0259040371 * l + 0.7827717662 * m - 0.808675766 * s,
  ];
}

function fromOklab([L, a, b]: Lab): Rgb {
  const l = (L + 0.3963377774 * a + 0.2158037573 * b) ** 3;
  const m = (L - 0.1055613458 * a - 0.0638541728 * b) ** 3;
  const s = (L - 0.0894841775 * a - 1.291485548 * b) ** 3;
  return [
    toByte(4.0767416621 * l - 3.3077115913 * m + 0.2309699292 * s),
    toByte(-1.2684380046 * l + 2.6097574011 * m - 0.3413193965 * s),
    toByte(-0.0041960863 * l - 0.7034186147 * m + 1.707614701 * s),
  ];
}

const STEPS = 256;

/** A scale from 0 to 1, looked up rather than computed: grids have a hundred thousand cells. */
export class Ramp {
  private readonly colours: Rgb[];

  constructor(stops: readonly string[]) {
    const labs = stops.map((stop) => toOklab(parseColour(stop)));
    this.colours = Array.from({ length: STEPS }, (_, step) => {
      const place = (step / (STEPS - 1)) * (labs.length - 1);
      const at = Math.min(Math.floor(place), labs.length - 2);
      const share = place - at;
      const mixed = labs[at].map((value, k) => value + share * (labs[at + 1][k] - value));
      return fromOklab(mixed as unknown as Lab);
    });
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
  const [from, to] = [toOklab(a), toOklab(b)];
  return fromOklab(from.map((value, k) => value + share * (to[k] - value)) as unknown as Lab);
}

export const divergingRamp = (dark: boolean): Ramp => AGAINST_TO_FOR[dark ? "dark" : "light"];

/**
 * Seven colours for classes that people with any common colour blindness can tell apart: Masataka
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

/** Classes that are too many for colours of their own, and cells without a certain class. */
export const OTHER_COLOUR = { light: parseColour("#5d6673"), dark: parseColour("#8e98a6") };
export const UNCERTAIN_COLOUR = { light: parseColour("#b9bec5"), dark: parseColour("#3d434b") };
