/** The record of a check's page; atlas_widget/forced_choice/page.py writes it. */
export interface CheckRecord {
  format: number;
  id: string;
  model: string;
  layer: string;
  trials: TrialRecord[];
}

export interface TrialRecord {
  kind: "picture" | "crop" | "catch";
  cell: number;
  other: number;
  /** WebP files in base64. */
  reference: string;
  right: string;
  wrong: string;
}

export type Side = "left" | "right";

/** A trial as it is shown: which one, and on which side the right crop is. */
export interface Shown {
  trial: number;
  rightSide: Side;
}

export interface Answer extends Shown {
  answer: Side;
  seconds: number;
}

/** A number from 0 up to below `count`, by chance. */
export type Draw = (count: number) => number;

/** By chance: the order of the trials, and the sides, half of them each. */
export function arrange(count: number, draw: Draw): Shown[] {
  const shuffle = <Item>(items: Item[]): Item[] => {
    for (let at = items.length - 1; at > 0; at--) {
      const other = draw(at + 1);
      [items[at], items[other]] = [items[other], items[at]];
    }
    return items;
  };
  const sides = shuffle(
    Array.from({ length: count }, (_, at): Side => (at % 2 === 0 ? "left" : "right")),
  );
  const trials = shuffle(Array.from({ length: count }, (_, at) => at));
  return trials.map((trial, at) => ({ trial, rightSide: sides[at] }));
}

/** A name as a CSV can hold it, in which no program sees a formula. */
export const plainName = (name: string): string =>
  name
    .replace(/[^\p{L}\p{N} ._-]/gu, "")
    .replace(/^[\s=+\-@.]+/, "")
    .slice(0, 40)
    .trim();

/** The answers so far as a CSV. */
export function toCsv(check: CheckRecord, participant: string, answers: readonly Answer[]): string {
  const rows = answers.map(({ trial, rightSide, answer, seconds }, order) => {
    const { kind, cell, other } = check.trials[trial];
    const correct = answer === rightSide ? 1 : 0;
    return [
      check.id,
      plainName(participant),
      order + 1,
      trial,
      kind,
      cell,
      other,
      rightSide,
      answer,
      correct,
      seconds.toFixed(2),
    ].join(",");
  });
  const head = "check,participant,order,trial,kind,cell,other,right_side,answer,correct,seconds";
  return `${[head, ...rows].join("\r\n")}\r\n`;
}
