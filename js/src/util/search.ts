/** Those items whose text holds every word of the query; whole words and beginnings first. */
export function rankMatches<Item>(
  items: readonly Item[],
  query: string,
  textOf: (item: Item) => string,
): Item[] {
  return scoreMatches(items, query, textOf).map(({ item }) => item);
}

/** The same with a score, which is 0 where all are whole words and rises with what they are not. */
function scoreMatches<Item>(
  items: readonly Item[],
  query: string,
  textOf: (item: Item) => string,
): { item: Item; score: number }[] {
  const words = query.toLowerCase().split(/\s+/).filter(Boolean);
  if (words.length === 0) return items.map((item) => ({ item, score: 0 }));
  const scored: { item: Item; score: number; at: number }[] = [];
  items.forEach((item, at) => {
    const text = textOf(item).toLowerCase();
    let score = 0;
    for (const word of words) {
      const found = text.indexOf(word);
      if (found < 0) return;
      const starts = found === 0 || /[^a-z0-9]/.test(text[found - 1]);
      const ends = /[^a-z0-9]|^$/.test(text[found + word.length] ?? "");
      score += (starts ? 0 : 2) + (ends ? 0 : 1);
    }
    scored.push({ item, score, at });
  });
  return scored.sort((a, b) => a.score - b.score || a.at - b.at);
}

/** Those names that look limit like what was typed, best first; none if none does. */
export function nearMatches(names: readonly string[], query: string, limit = 3): number[] {
  const words = query.toLowerCase().split(/\s+/).filter(Boolean).map(pairsOf);
  if (words.length === 0) return [];
  const scored = names.map((name, index) => {
    const parts = name
      .toLowerCase()
      .split(/[^\p{L}\p{N}]+/u)
      .filter(Boolean)
      .map(pairsOf);
    const best = words.map((word) => Math.max(0, ...parts.map((part) => likeness(word, part))));
    return { index, score: best.reduce((sum, score) => sum + score, 0) / words.length };
  });
  return scored
    .filter(({ score }) => score >= NEAR)
    .sort((a, b) => b.score - a.score || a.index - b.index)
    .slice(0, limit)
    .map(({ index }) => index);
}

const NEAR = 0.4;

/** The pairs of neighbouring letters of a word, its beginning and end marked. */
function pairsOf(word: string): Set<string> {
  const marked = `^${word}$`;
  return new Set(Array.from({ length: marked.length - 1 }, (_, at) => marked.slice(at, at + 2)));
}

/** The share of pairs that two words have in common (Dice). */
function likeness(a: ReadonlySet<string>, b: ReadonlySet<string>): number {
  let common = 0;
  for (const pair of a) if (b.has(pair)) common++;
  return (2 * common) / (a.size + b.size);
}

/** A class that was searched for, and where it is on one grid. */
export interface FoundClass {
  /** Its index among the model's outputs. */
  class: number;
  name: string;
  /** Cells that it wins, alone. */
  won: number[];
  /** All that speak for it: those it wins or shares, and those that clearly argue for it. */
  cells: number[];
  /** The limit that a cell adds to its logit, as far as that is known. */
  strongest: number | null;
}

/** A class whose name matches, and how well: 0 is best. */
export interface NameMatch {
  class: number;
  score: number;
}

/** The classes whose names match, the best match first; none without a query. */
export function findNames(names: readonly string[], query: string): NameMatch[] {
  if (query.trim() === "") return [];
  const indices = names.map((_, index) => index);
  return scoreMatches(indices, query, (index) => names[index]).map(({ item, score }) => ({
    class: item,
    score,
  }));
}

/**
 * The classes that match, each with its cells. Those that have some come first,
 * of these the better match, of equally good ones the stronger. Classes that win nothing are found
 * where they are argued for.
 */
export function findClasses(
  names: readonly string[],
  matching: readonly NameMatch[],
  winners: ReadonlyMap<number, readonly number[]>,
  strengthOf: (index: number) => { cells: number[]; values: number[] } | null,
): FoundClass[] {
  const found = matching.map(({ class: index, score }) => {
    const strength = strengthOf(index);
    const speaking = new Set(strength?.cells);
    const won: number[] = [];
    return {
      class: index,
      name: names[index],
      won,
      speaking,
      score,
      strongest: strength?.values[0] ?? null,
    };
  });
  const byClass = new Map(found.map((entry) => [entry.class, entry]));
  for (const [cell, classes] of winners) {
    for (const index of classes) byClass.get(index)?.speaking.add(cell);
    if (classes.length === 1) byClass.get(classes[0])?.won.push(cell);
  }
  const strength = (entry: FoundClass) => entry.strongest ?? (entry.won.length > 0 ? 0 : -1);
  return found
    .map(({ speaking, ...entry }) => ({ ...entry, cells: [...speaking].sort((a, b) => a - b) }))
    .sort(
      (a, b) =>
        Number(b.cells.length > 0) - Number(a.cells.length > 0) ||
        a.score - b.score ||
        strength(b) - strength(a),
    )
    .map(({ score: _, ...entry }) => entry);
}
