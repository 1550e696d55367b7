/** Those items whose text holds every word of the query; whole words and beginnings first. */
export function rankMatches<Item>(
  items: readonly Item[],
  query: string,
  textOf: (item: Item) => string,
): Item[] {
  const words = query.toLowerCase().split(/\s+/).filter(Boolean);
  if (words.length === 0) return [...items];
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
  return scored.sort((a, b) => a.score - b.score || a.at - b.at).map((entry) => entry.item);
}

/** Those names that look most like what was typed, best first; none if none does. */
export function nearMatches(names: readonly string[], query: string, most = 3): number[] {
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
    .slice(0, most)
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

export interface LabelMatch {
  label: string;
  cells: number[];
}

/** Labels that match, each with its cells; those with most cells first. */
export function findLabels(
  labels: ReadonlyMap<number, string | null>,
  query: string,
): LabelMatch[] {
  if (query.trim() === "") return [];
  const groups = new Map<string, number[]>();
  for (const [cell, label] of labels) {
    if (label === null) continue;
    const cells = groups.get(label);
    if (cells) cells.push(cell);
    else groups.set(label, [cell]);
  }
  const groupList = Array.from(groups, ([label, cells]) => ({ label, cells }));
  groupList.sort((a, b) => b.cells.length - a.cells.length || a.label.localeCompare(b.label));
  return rankMatches(groupList, query, (group) => group.label);
}
