/**
 * The subject of the atlas on show, as the trait `subject` says it: nothing for all samples, else a
 * kind and the names of its classes. Written the same way by `atlas_widget/session/subjects.py`.
 */
import { SUBJECT_KINDS } from "../protocol/shared";

type SubjectKind = keyof typeof SUBJECT_KINDS;
export type Subject = readonly string[];

export const ALL: Subject = [];

export const classSubject = (name: string): Subject => ["class", name];
export const winningSubject = (name: string): Subject => ["winning", name];
export const comparisonSubject = (first: string, other: string): Subject => [
  "comparison",
  first,
  other,
];

export function readSubject(value: unknown): Subject {
  if (!Array.isArray(value) || !value.every((part) => typeof part === "string")) return ALL;
  const [kind, ...classes] = value;
  if (!Object.hasOwn(SUBJECT_KINDS, kind)) return ALL;
  return classes.length === SUBJECT_KINDS[kind as SubjectKind] ? value : ALL;
}

export const isSame = (a: Subject, b: Subject): boolean =>
  a.length === b.length && a.every((part, at) => part === b[at]);

/** The classes that it names; none where it is about all samples. */
export const classesOf = (subject: Subject): readonly string[] => subject.slice(1);

/** In a few words, for a button: `fireboat`, `fireboat | liner`. */
export function nameSubject(subject: Subject): string {
  return subject.length === 0 ? "all samples" : classesOf(subject).join(" | ");
}

/** In full. */
export function describeSubject(subject: Subject): string {
  const [kind, first, other] = subject;
  switch (kind) {
    case "class":
      return `The samples that argue most for “${first}”, laid out by themselves`;
    case "winning":
      return `The samples that argue for no class as much as for “${first}”, laid out by themselves`;
    case "comparison":
      return `The samples that argue most for “${first}” or “${other}”, by which one they argue for`;
    default:
      return "All samples of the layer";
  }
}
