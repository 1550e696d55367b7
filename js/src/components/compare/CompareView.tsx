import { useSignal } from "@preact/signals";
import { useEffect, useMemo } from "preact/hooks";
import type { Comparison } from "../../compare/comparison";
import { COMPARE_VIEW, type Comparisons } from "../../compare/comparisons";
import { useWidget } from "../context";
import { Choice } from "../controls/Choice";
import { ComparedCellPanel } from "./ComparedCellPanel";
import { CompareWith } from "./CompareWith";
import { LinkedPanes } from "./LinkedPanes";
import { Making } from "./Making";
import { ScoresTable } from "./ScoresTable";
import { useLooking } from "./useLooking";

/** What both maps show. */
type Shown = "pictures" | "differences";

const WAYS = [
  ["pictures", "Pictures", "The cells of both maps"],
  ["differences", "Where they differ", "How many neighbours the samples of each cell keep"],
] as const;

/** The atlas beside that of another layer or network, on the same images. */
export function CompareView({ state }: { state: Comparisons }) {
  const { store } = useWidget();
  const comparison = state.shown.value;
  const connected = store.connected.value;
  return (
    <section class="aw-compare" aria-label="Comparison with another atlas">
      {comparison ? (
        <Compared key={comparison} state={state} comparison={comparison} />
      ) : (
        <div class="aw-compare-empty">
          <p>
            {connected
              ? "Compare this atlas with that of another layer, on the same images."
              : "A comparison needs a running kernel."}
          </p>
          {connected && (
            <>
              <CompareWith state={state} />
              <p class="aw-note">
                In Python, w.compare(model) compares it with another network or checkpoint.
              </p>
            </>
          )}
          <Making state={state} />
        </div>
      )}
    </section>
  );
}

function Compared({ state, comparison }: { state: Comparisons; comparison: Comparison }) {
  const { view } = useWidget();
  const way = useSignal<Shown>("pictures");
  const looking = useLooking(comparison);
  const shown = view.showing.value === COMPARE_VIEW;
  useEffect(() => {
    if (!shown) state.look([]);
  }, [shown]);
  const notes = useMemo(() => comparison.notices.join(" "), [comparison]);
  return (
    <>
      <header class="aw-compare-head">
        <Choice
          label="What the maps show"
          value={way.value}
          options={WAYS}
          onChoose={(name) => {
            way.value = name;
          }}
        />
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
      <div class="aw-compare-body">
        <LinkedPanes
          state={state}
          comparison={comparison}
          looking={looking}
          differences={way.value === "differences"}
          shown={shown}
        />
        <aside class="aw-compare-side" aria-label="What the comparison found">
          <ComparedCellPanel comparison={comparison} looking={looking} />
          <ScoresTable comparison={comparison} />
          {notes && <p class="aw-note">{notes}</p>}
        </aside>
      </div>
    </>
  );
}
