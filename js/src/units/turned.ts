import type { KernelMessageOf } from "../protocol/messages";
import type { Canvas } from "../util/decode";

/** The answers of a unit to its strongest examples, turned. */
export interface TurnedExamples {
  /** The examples are the strongest of all positions of all images, not of samples. */
  exact: boolean;
  /** Of the field that they are seen in (pixels). */
  side: number;
  /** In degrees, counter-clockwise. */
  angles: number[];
  /** Above the answer to grey: a row of the `angles` for each example. */
  values: number[];
  /** The mean over the examples, at each of the angles. */
  mean: number[];
  /** Of the activations in the images themselves, the share that is left within the window. */
  kept: number | null;
  z: number | null;
  preferred: number | null;
  selectivity: number | null;
  /** The largest answer, and where those to that picture with random phases lie; above grey. */
  best: number;
  low: number;
  high: number;
  /** The examples as they are unturned, in a row. */
  sheet: Canvas | null;
  tile: number;
}

export function readTurned(
  message: KernelMessageOf<"unit_turned">,
  sheet: Canvas | null,
): TurnedExamples {
  const { exact, side, grey, z, preferred, selectivity, tile } = message;
  const angles = message.angles.map((angle) => angle ?? 0);
  const values = message.values.map((value) => (value ?? 0) - grey);
  const examples = message.activations.length;
  const inImages = message.activations.reduce<number>((sum, value) => sum + (value ?? 0) - grey, 0);
  const at = (example: number, angle: number) => values[example * angles.length + angle] ?? 0;
  const meanOf = (angle: number) => {
    let sum = 0;
    for (let example = 0; example < examples; example++) sum += at(example, angle);
    return sum / Math.max(examples, 1);
  };
  const mean = angles.map((_, angle) => meanOf(angle));
  const kept = inImages > 0 ? (meanOf(angles.indexOf(0)) * examples) / inImages : null;
  const [best, low, high] = [message.best - grey, message.low - grey, message.high - grey];
  return {
    exact,
    side,
    angles,
    values,
    mean,
    kept,
    z,
    preferred,
    selectivity,
    best,
    low,
    high,
    sheet,
    tile,
  };
}
