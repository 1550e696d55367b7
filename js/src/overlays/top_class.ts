import type { Winners } from "../store/cards";
import { NO_CERTAIN_CLASS } from "../store/classes";
import { className } from "../store/overlay_choice";
import { CLASS_COLOURS, cssOf, OTHER_COLOUR, pixelOf, UNCERTAIN_COLOUR } from "./colour";
import type { Note, Overlay } from "./overlay";

/** The colour of a cell that two classes share. */
const SHARED = 0.4;

/**
 * Assign colours to classes. Those that keep among the commonest keep their colour, so that
 * moving about does not repaint the atlas.
 */
export function assignColours(
  before: ReadonlyMap<number, number>,
  commonest: readonly number[],
  colours: number,
): Map<number, number> {
  const chosen = commonest.slice(0, colours);
  const assigned = new Map<number, number>();
  for (const [of, colour] of before) if (chosen.includes(of)) assigned.set(of, colour);
  const taken = new Set(assigned.values());
  let free = 0;
  for (const of of chosen) {
    if (assigned.has(of)) continue;
    while (taken.has(free)) free++;
    assigned.set(of, free);
    taken.add(free);
  }
  return assigned;
}

/** Count the cells that each class wins alone, the commonest first. */
export function countWins(
  cells: Iterable<number>,
  winners: ReadonlyMap<number, Winners>,
): Map<number, number> {
  const counts = new Map<number, number>();
  for (const cell of cells) {
    const won = winners.get(cell);
    if (won?.length === 1) counts.set(won[0], (counts.get(won[0]) ?? 0) + 1);
  }
  return new Map([...counts].sort((a, b) => b[1] - a[1] || a[0] - b[0]));
}

/** The cells that a class wins alone. */
export function cellsWonBy(of: number, winners: ReadonlyMap<number, Winners>): number[] {
  const cells: number[] = [];
  for (const [cell, won] of winners) if (won.length === 1 && won[0] === of) cells.push(cell);
  return cells.sort((a, b) => a - b);
}

/** The class that each cell argues for most, where its samples leave little doubt. */
export function topClassOverlay(
  cellsInView: readonly number[],
  winners: ReadonlyMap<number, Winners>,
  names: readonly string[],
  coloursBefore: ReadonlyMap<number, number>,
  dark: boolean,
): Overlay & { colours: Map<number, number> } {
  const wins = countWins(cellsInView, winners);
  const colours = assignColours(coloursBefore, [...wins.keys()], CLASS_COLOURS.length);
  const other = OTHER_COLOUR[dark ? "dark" : "light"];
  const uncertain = UNCERTAIN_COLOUR[dark ? "dark" : "light"];
  const rgbOf = (of: number) => {
    const colour = colours.get(of);
    return colour === undefined ? other : CLASS_COLOURS[colour];
  };
  let [shared, without, waiting] = [0, 0, 0];
  for (const cell of cellsInView) {
    const won = winners.get(cell);
    if (!won) waiting++;
    else if (won.length === 0) without++;
    else if (won.length > 1) shared++;
  }
  const rest = [...wins].filter(([of]) => !colours.has(of));
  const restCells = rest.reduce((sum, [, count]) => sum + count, 0);
  const notes: Note[] = [];
  const say = (colour: string, count: number, words: string) => {
    if (count > 0) notes.push({ colour, text: words, count });
  };
  say(
    cssOf(other),
    restCells,
    rest.length === 1 ? "one other class" : `${rest.length} other classes`,
  );
  say(cssOf(CLASS_COLOURS[0], SHARED), shared, "paler: two classes share it");
  say(cssOf(uncertain), without, NO_CERTAIN_CLASS);
  say("transparent", waiting, "to come");
  return {
    colours,
    colour: (cell) => {
      const won = winners.get(cell);
      if (!won) return 0;
      if (won.length === 0) return pixelOf(uncertain);
      return pixelOf(rgbOf(won[0]), won.length > 1 ? SHARED : 1);
    },
    legend: {
      title: "Top class",
      about:
        "The class that the cell argues for most, if its interval lies above zero and above the " +
        "runner-up. Counts are of the cells in view. Click a class to select what it wins.",
      classes: [...wins]
        .filter(([of]) => colours.has(of))
        .map(([of, count]) => ({
          class: of,
          name: className(names, of),
          colour: cssOf(rgbOf(of)),
          count,
        })),
      notes,
    },
  };
}
