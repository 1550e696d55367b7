import type { ComponentChildren } from "preact";
import type { Comparisons } from "../../compare/comparisons";
import { CompareWith } from "./CompareWith";
import { Making } from "./Making";

/** The line above a comparison: what it shows, another one, its end. */
export function CompareHead({
  state,
  children,
}: {
  state: Comparisons;
  children: ComponentChildren;
}) {
  return (
    <header class="aw-compare-head">
      {children}
      <div class="aw-compare-tools">
        <CompareWith state={state} />
        <button
          type="button"
          class="aw-button"
          title="End the comparison"
          data-aw-compare-end
          onClick={() => state.drop()}
        >
          End
        </button>
      </div>
      <Making state={state} />
    </header>
  );
}
