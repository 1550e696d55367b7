import type { Tone } from "./words";

/** The corner that a picture of this state carries, as a small sign for words beside it. */
export function StateMark({ tone }: { tone: Tone }) {
  return <i class={`aw-mark aw-mark-${tone}`} aria-hidden="true" />;
}
