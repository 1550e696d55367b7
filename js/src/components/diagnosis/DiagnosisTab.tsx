import { useSignal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import { ASK_AGAIN } from "../../diagnosis/diagnoses";
import {
  describeAgreement,
  describeEmptiness,
  describeGroups,
  describeKept,
  middleOf,
  shareBelow,
} from "../../diagnosis/words";
import type { Place } from "../../geometry/place";
import type { Panel } from "../../panels/panel";
import { NEIGHBORS } from "../../protocol/shared";
import { useWidget } from "../context";
import { KERNEL_WENT } from "../words";
import { SplitView } from "./SplitView";
import { Gauge, Neighbours, Spread } from "./visuals";

/** Is the mean real? What speaks for and against taking a cell at its word, and the cell in two. */
export function DiagnosisTab({ panel }: { panel: Panel }) {
  const { store } = useWidget();
  const splitting = useSignal(false);
  const { place } = panel;
  useAsking(place, splitting.value);
  const known = store.diagnoses.of(place);
  if (!known) {
    return (
      <p class="aw-note">
        {store.connected.value
          ? "Comparing the cell’s samples with each other and with all others…"
          : KERNEL_WENT}
      </p>
    );
  }
  const all = store.diagnoses.ofGrid(place.grid);
  const share =
    all && known.agreement !== null ? shareBelow(all.agreement.values(), known.agreement) : null;
  return (
    <div class="aw-diagnosis" data-aw-diagnosis={known.mixture ? "mixture" : "one"}>
      <section>
        <h3>Do its samples agree?</h3>
        <p>{describeAgreement(known, share)}</p>
        <Gauge
          value={known.agreement}
          range={[0, 1]}
          usual={all && middleOf(all.agreement.values())}
          ends={["nothing in common", "all alike"]}
        />
      </section>
      <section>
        <h3>Is there a sample like it?</h3>
        <p>{describeEmptiness(known)}</p>
        <Gauge
          value={known.emptiness}
          range={[0, 1.5]}
          usual={all && middleOf(all.emptiness.values())}
          mark={1}
          ends={["a real one", "far from all"]}
        />
      </section>
      <section>
        <h3>Is it one group?</h3>
        <p>{describeGroups(known)}</p>
        <Spread counts={known.spread} />
        {known.count > 1 && !splitting.value && (
          <button
            type="button"
            class={`aw-button ${known.mixture ? "aw-on" : ""}`}
            disabled={!store.connected.value}
            data-aw-split
            onClick={() => {
              splitting.value = true;
            }}
          >
            {known.mixture ? "Split it in two" : "Split it anyway"}
          </button>
        )}
      </section>
      {splitting.value && (
        <SplitView
          place={place}
          onClose={() => {
            splitting.value = false;
          }}
        />
      )}
      <section>
        <h3>Is it in the right place?</h3>
        <p>{describeKept(known)}</p>
        {known.kept !== null && <Neighbours share={known.kept} count={NEIGHBORS} />}
      </section>
      <p class="aw-note">Grey: where four fifths of this grid’s cells lie.</p>
    </div>
  );
}

/** Asks for what is shown until it is here. */
function useAsking(place: Place, splitting: boolean): void {
  const { store } = useWidget();
  const connected = store.connected.value;
  void store.diagnoses.version.value;
  useEffect(() => {
    if (!connected) return;
    const ask = () => {
      store.diagnoses.want(place);
      store.diagnoses.wantGrid(place.grid);
      if (splitting) store.diagnoses.wantHalves(place);
    };
    ask();
    const asking = setInterval(ask, ASK_AGAIN);
    return () => clearInterval(asking);
  }, [connected, place.grid, place.cell, splitting]);
}
