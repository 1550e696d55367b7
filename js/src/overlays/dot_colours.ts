import type { Kinds, Places } from "../compare/comparison";
import type { DotGroup } from "../compare/dots";
import { cssOf, KIND_COLOURS, OTHER_COLOUR, placeColour } from "./colour";

/** The number of steps between the colours of places, along each axis. */
const STEPS = 12;

/** Samples by the class of their image; those without one in grey. */
export function colouredByKind({ names, of }: Kinds, dark: boolean): DotGroup[] {
  const groups = names.map((_, kind) => ({
    colour: cssOf(KIND_COLOURS[kind]),
    samples: [] as number[],
  }));
  const rest = { colour: cssOf(OTHER_COLOUR[dark ? "dark" : "light"]), samples: [] as number[] };
  of.forEach((kind, sample) => {
    (groups[kind] ?? rest).samples.push(sample);
  });
  return [rest, ...groups].filter(({ samples }) => samples.length > 0);
}

/** Samples by their place on a map, which they keep the colour of on all others. */
export function colouredByPlace({ x, y }: Places): DotGroup[] {
  const groups = new Map<number, number[]>();
  const step = (value: number) => Math.min(STEPS - 1, Math.floor(value * STEPS));
  const [left, right] = [Math.min(...x), Math.max(...x)];
  const [top, bottom] = [Math.min(...y), Math.max(...y)];
  x.forEach((at, sample) => {
    const column = step((at - left) / (right - left || 1));
    const row = step((y[sample] - top) / (bottom - top || 1));
    const samples = groups.get(row * STEPS + column);
    if (samples) samples.push(sample);
    else groups.set(row * STEPS + column, [sample]);
  });
  return [...groups].map(([place, samples]) => ({
    colour: cssOf(
      placeColour((place % STEPS) / (STEPS - 1), Math.floor(place / STEPS) / (STEPS - 1)),
    ),
    samples,
  }));
}
