import { useEffect, useState } from "preact/hooks";
import type { Half, Halves } from "../../diagnosis/diagnoses";
import { describeSplit } from "../../diagnosis/words";
import type { Place } from "../../geometry/place";
import { NO_CERTAIN_CLASS } from "../../store/classes";
import type { LivePictures } from "../../store/inspections";
import { capitalized, plural } from "../../util/numbers";
import { ClassBars, reachOf } from "../ClassBars";
import { useWidget } from "../context";
import { CloseButton } from "../controls/IconButton";
import { LiveFrame } from "../detail/LiveFrame";
import { MadeFrom } from "../detail/MadeFrom";
import { Tile } from "../Tile";
import { describeProgress } from "../words";

const CLASSES = 4;
const CROP = 40;

/** A cell in two halves, each with its own picture, crops and classes. */
export function SplitView({ place, onClose }: { place: Place; onClose: () => void }) {
  const { store } = useWidget();
  void store.diagnoses.version.value;
  const known = store.diagnoses.halves(place);
  const values = known?.halves.flatMap((half) => half.classes?.slice(0, CLASSES) ?? []) ?? [];
  return (
    <section class="aw-split" data-aw-halves={known ? known.halves.length : 0}>
      <header class="aw-head">
        <h3>In two</h3>
        <CloseButton title="One cell again" label="One cell again" onClose={onClose} />
      </header>
      {!known && <p class="aw-note">Splitting…</p>}
      {known && (
        <>
          <p>{describeSplit(known)}</p>
          <div class="aw-split-halves">
            {known.halves.map((half, at) => (
              <HalfView
                key={half.crops.from}
                place={place}
                at={at}
                half={half}
                known={known}
                reach={reachOf(values, known.halves[0]?.lead)}
              />
            ))}
          </div>
        </>
      )}
    </section>
  );
}

function HalfView({
  place,
  at,
  half,
  known,
  reach,
}: {
  place: Place;
  at: number;
  half: Half;
  known: Halves;
  reach: number;
}) {
  const { store } = useWidget();
  const connected = store.connected.value;
  const [live, setLive] = useState<LivePictures | null>(null);
  useEffect(() => {
    if (!connected) return;
    const begun = store.details.inspections.half(place, at, 0);
    setLive(begun);
    return () => begun.stop();
  }, [connected, place.grid, place.cell, at]);
  const now = live?.state.value ?? null;
  const name = at === 0 ? "larger" : "smaller";
  return (
    <div class="aw-split-half" data-aw-half-step={now?.step ?? 0}>
      <strong class={half.label ? "" : "aw-unsure"}>
        {half.label ?? (half.classes ? capitalized(NO_CERTAIN_CLASS) : `The ${name} half`)}
      </strong>
      {!half.label && half.whyNot && <small data-aw-why-not>{half.whyNot}</small>}
      <small>
        {plural(half.count, "sample")} of {plural(half.images, "image")}
      </small>
      <LiveFrame inspection={now} label={`The picture of the ${name} half`} />
      <div class="aw-live-caption">
        <span>{describeProgress(now, connected)}</span>
      </div>
      <MadeFrom inspection={now} />
      <div class="aw-crops">
        {Array.from({ length: half.crops.count }, (_, crop) => (
          <Tile
            key={crop}
            sheet={known.strip}
            left={(half.crops.from + crop) * known.tile}
            side={known.tile}
            size={CROP}
          />
        ))}
      </div>
      {half.classes ? (
        <ClassBars values={half.classes.slice(0, CLASSES)} reach={reach} />
      ) : (
        <p class="aw-note">Classes are being computed…</p>
      )}
    </div>
  );
}
