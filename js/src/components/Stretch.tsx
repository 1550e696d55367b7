/** A share of a whole, for a style. */
export const percent = (share: number) => `${(100 * share).toFixed(2)}%`;

/** A part of a track, from one share of its length to another: a bar, a whisker, a usual range. */
export function Stretch({ class: name, from, to }: { class: string; from: number; to: number }) {
  const [left, right] = from < to ? [from, to] : [to, from];
  return <span class={name} style={{ left: percent(left), width: percent(right - left) }} />;
}
