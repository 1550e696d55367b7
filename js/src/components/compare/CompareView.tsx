import { useSignal } from "@preact/signals";
import { useEffect, useMemo } from "preact/hooks";
import type { Comparison } from "../../compare/comparison";
import { COMPARE_VIEW, type Comparisons } from "../../compare/comparisons";
import { useWidget } from "../context";
import { Choice } from "../controls/Choice";
import { ComparedCellPanel } from "./ComparedCellPanel";
import { CompareHead } from "./CompareHead";
import { CompareWith } from "./CompareWith";
import { Filmstrip } from "./Filmstrip";
import { LinkedPanes } from "./LinkedPanes";
import { Making } from "./Making";
import { MatchedUnits } from "./MatchedUnits";
import { Morph } from "./Morph";
import { ScoresTable } from "./ScoresTable";
import { useLooking } from "./useLooking";

/** What both maps show. */
type Shown = "pictures" | "differences" | "samples";

const WAYS = [
  ["pictures", "Pictures", "The cells of both maps"],
  ["differences", "Where they differ", "How many neighbours the samples of each cell keep"],
  ["samples", "Samples", "Every sample, moved from its place on one map to that on the other"],
] as const;

const OF_CELLS =
  "Point at a cell: its partner on the other map is framed, and dots show where its samples are. " +
  "A click keeps it.";
const OF_SAMPLES = "Point at a sample: all that share its cell on the first map stand out.";

/** The atlas beside that of another layer or network, on the same images. */
export function CompareView({ state }: { state: Comparisons }) {
  const { store } = useWidget();
  const comparison = state.shown.value;
  const series = state.series.value;
  const connected = store.connected.value;
  return (
    <section class="aw-compare" aria-label="Comparison with another atlas">
      {comparison ? (
        <Compared key={comparison} state={state} comparison={comparison} />
      ) : series ? (
        <Filmstrip key={series} state={state} series={series} />
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
      <CompareHead state={state}>
        <Choice
          label="What the maps show"
          value={way.value}
          options={WAYS}
          onChoose={(name) => {
            looking.point(null); // the pointer is on no cell of what is shown next
            way.value = name;
          }}
        />
      </CompareHead>
      <div class="aw-compare-body">
        {way.value === "samples" ? (
          <Morph comparison={comparison} looking={looking} />
        ) : (
          <LinkedPanes
            state={state}
            comparison={comparison}
            looking={looking}
            differences={way.value === "differences"}
            shown={shown}
          />
        )}
        <aside class="aw-compare-side" aria-label="What the comparison found" tabIndex={0}>
          <ComparedCellPanel
            comparison={comparison}
            looking={looking}
            hint={way.value === "samples" ? OF_SAMPLES : OF_CELLS}
          />
          <ScoresTable comparison={comparison} />
          <MatchedUnits comparison={comparison} />
          {notes && <p class="aw-note">{notes}</p>}
        </aside>
      </div>
    </>
  );
}
