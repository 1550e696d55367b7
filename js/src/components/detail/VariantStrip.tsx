import { type Panel, VARIANTS } from "../../panels/panel";
import { useWidget } from "../context";
import { Tile } from "../Tile";
import { describeProgress, formatCosine } from "../words";

/** Several pictures of one direction: what they share is asked for, what differs is free. */
export function VariantStrip({ panel, size }: { panel: Panel; size: number }) {
  const { store } = useWidget();
  const now = panel.variants.value?.state.value;
  if (!now) return null;
  const { pictures } = now;
  const tile = pictures?.height ?? 0;
  return (
    <div class="aw-variants" data-aw-variant-step={now.step}>
      <div class="aw-variants-row">
        {Array.from({ length: VARIANTS }, (_, at) => {
          const cosine = now.cosines[at];
          return (
            <button
              key={at}
              type="button"
              class="aw-crop-button"
              disabled={!pictures}
              aria-pressed={panel.isChosen({ kind: "variant", at })}
              aria-label={`Variant ${at + 1}, large`}
              onClick={() => panel.choose({ kind: "variant", at })}
            >
              <Tile sheet={pictures} left={at * tile} side={tile} size={size} />
              <small>{formatCosine(cosine ?? null)}</small>
            </button>
          );
        })}
      </div>
      <p class="aw-note">
        {now.done && !now.failed
          ? "What the variants share is what the direction asks for; where they differ, it leaves freedom. Below each is its cosine."
          : describeProgress(now, store.connected.value)}
      </p>
    </div>
  );
}
