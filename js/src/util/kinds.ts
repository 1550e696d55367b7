import type { NameMatch } from "./search";

/** What classes are kinds of: of one class these are its other names. */
export interface Kind {
  /** All that it is called, the most usual first. */
  words: readonly string[];
  /** Its classes' indices. */
  classes: readonly number[];
}

/** A kind with its classes' cells. */
export interface FoundKind {
  name: string;
  /** The number of its classes. */
  classes: number;
  won: number[];
  cells: number[];
}

/** The kinds of more than one class that are shown. */
const SHOWN = 3;
/** What is worse than a match of a class's own name. */
const BY_OTHER_NAME = 10;
const BY_KIND = 20;

/** The kinds of several classes that are called so, those called exactly so first, then large ones. */
export function findKinds(kinds: readonly Kind[], query: string): Kind[] {
  return matching(kinds, query)
    .filter(({ kind }) => kind.classes.length > 1)
    .slice(0, SHOWN)
    .map(({ kind }) => kind);
}

/** The classes that match by another name, or as one of these kinds, besides those of `byName`. */
export function matchesByKind(
  kinds: readonly Kind[],
  found: readonly Kind[],
  query: string,
  byName: readonly NameMatch[],
): NameMatch[] {
  const known = new Set(byName.map((match) => match.class));
  const matches: NameMatch[] = [];
  const add = (classes: readonly number[], score: number) => {
    for (const index of classes) {
      if (known.has(index)) continue;
      known.add(index);
      matches.push({ class: index, score });
    }
  };
  for (const { kind, score } of matching(kinds, query)) {
    if (kind.classes.length === 1) add(kind.classes, BY_OTHER_NAME + score);
  }
  for (const kind of found) add(kind.classes, BY_KIND);
  return matches;
}

/** True for a match by the kind alone. */
export const isByKind = (match: NameMatch): boolean => match.score >= BY_KIND;

/**
 * A kind with its cells: those that its classes win or share, and those that argue for one of them
 * most. Whatever argues for one a little would be nearly every cell.
 */
export function gatherKind(
  kind: Kind,
  winners: ReadonlyMap<number, readonly number[]>,
  leading: ReadonlyMap<number, number>,
): FoundKind {
  const classes = new Set(kind.classes);
  const won: number[] = [];
  const cells = new Set<number>();
  for (const [cell, own] of winners) {
    if (own.some((index) => classes.has(index))) cells.add(cell);
    if (own.length === 1 && classes.has(own[0])) won.push(cell);
  }
  for (const [cell, index] of leading) if (classes.has(index)) cells.add(cell);
  const sorted = (some: Iterable<number>) => [...some].sort((a, b) => a - b);
  return {
    name: kind.words[0],
    classes: kind.classes.length,
    won: sorted(won),
    cells: sorted(cells),
  };
}

function matching(kinds: readonly Kind[], query: string): { kind: Kind; score: number }[] {
  const typed = query.trim().toLowerCase().replace(/\s+/g, " ");
  if (typed === "") return [];
  const wanted = typed.length > 3 && typed.endsWith("s") ? [typed, typed.slice(0, -1)] : [typed];
  return kinds
    .map((kind) => {
      const scores = kind.words.flatMap((word, at) =>
        wanted.map((text) => likenessOf(word.toLowerCase(), text, at)),
      );
      return { kind, score: Math.min(...scores) };
    })
    .filter(({ score }) => score < Number.POSITIVE_INFINITY)
    .sort((a, b) => a.score - b.score || b.kind.classes.length - a.kind.classes.length);
}

/** 0 for the word itself as its usual name, 1 as another; then what begins or has a word so. */
function likenessOf(word: string, text: string, at: number): number {
  if (word === text) return at === 0 ? 0 : 1;
  if (text.length < 3) return Number.POSITIVE_INFINITY;
  if (word.startsWith(text)) return 2;
  return ` ${word} `.includes(` ${text} `) ? 3 : Number.POSITIVE_INFINITY;
}
