import type { Mix } from "../../panels/mix";
import { cosineOf, mixOf } from "../../store/profile";
import { useWidget } from "../context";
import { Slider } from "../controls/Slider";
import { COSINE, describeMix, describeProgress, formatCosine, NO_KERNEL } from "../words";
import { LiveFrame } from "./LiveFrame";
import { MadeFrom } from "./MadeFrom";

/** The picture between two cells, wherever the slider is. */
export function MixView({ mix }: { mix: Mix }) {
  const { store } = useWidget();
  void store.details.version.value;
  const connected = store.connected.value;
  const share = mix.share.value;
  const made = mix.live.value;
  const now = made?.pictures.state.value ?? null;
  const current = made !== null && made.share === share;
  const first = store.details.profile(mix.first);
  const other = store.details.profile(mix.other);
  const apart = first && other ? cosineOf(first.mean, other.mean) : null;
  const mixed = first && other ? mixOf(first.mean, other.mean, share) : null;
  const toFirst = mixed && first ? cosineOf(mixed, first.mean) : null;
  const toOther = mixed && other ? cosineOf(mixed, other.mean) : null;
  return (
    <div
      class={`aw-mix ${made && !current ? "aw-stale" : ""}`}
      data-aw-mix={now?.done && current ? share : ""}
    >
      <LiveFrame inspection={now} label="The picture of the mixed direction">
        {!now?.pictures && (
          <button
            type="button"
            class="aw-mix-begin"
            disabled={!connected || made !== null}
            title={connected ? "" : NO_KERNEL}
            onClick={() => mix.make()}
          >
            {made ? "Mixing…" : "Mix A and B"}
          </button>
        )}
      </LiveFrame>
      <div class="aw-live-caption" title={COSINE}>
        <span>{made ? describeProgress(now, connected) : "Not made yet"}</span>
      </div>
      <MadeFrom inspection={now} />
      <div class="aw-mix-slider">
        <span class="aw-badge aw-badge-a">A</span>
        <Slider
          min={0}
          max={1}
          step={0.01}
          value={share}
          disabled={!connected}
          label="Mix of A and B"
          valueText={describeMix(share)}
          onSlide={(value) => mix.slide(value)}
        />
        <span class="aw-badge aw-badge-b">B</span>
      </div>
      <p class="aw-mix-words">{describeMix(share)}</p>
      <dl class="aw-facts">
        <dt>Its cosine to A</dt>
        <dd>{formatCosine(toFirst)}</dd>
        <dt>Its cosine to B</dt>
        <dd>{formatCosine(toOther)}</dd>
        <dt>Cosine of A and B</dt>
        <dd>{formatCosine(apart)}</dd>
      </dl>
    </div>
  );
}
