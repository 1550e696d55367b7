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
