import type { Panel } from "../../panels/panel";
import { Crop } from "../Crops";
import { useWidget } from "../context";

/** The nearest real crops, each of which can be seen within its image. */
export function CropStrip({ panel, size, limit }: { panel: Panel; size: number; limit: number }) {
  const { store } = useWidget();
  void store.cards.version.value;
  const card = store.cards.get(panel.key);
  const count = Math.min(card?.crops ?? 0, limit);
  if (!card || count === 0) return <div class="aw-live-crops" />;
  return (
    <div class="aw-live-crops" title="The real image patches nearest to the cell’s mean">
      <div class="aw-crops">
        {Array.from({ length: count }, (_, at) => (
          <button
            key={at}
            type="button"
            class="aw-crop-button"
            disabled={!store.can("images")}
            aria-pressed={panel.isChosen({ kind: "crop", at })}
            aria-label={`Real crop ${at + 1}${store.can("images") ? " in its image" : ""}`}
            onPointerEnter={(event) => {
              if (event.pointerType !== "touch" && store.can("images"))
                panel.glimpse({ kind: "crop", at });
            }}
            onPointerLeave={() => panel.glimpse(null)}
            onClick={() => panel.choose({ kind: "crop", at })}
          >
            <Crop card={card} index={at} size={size} />
          </button>
        ))}
      </div>
      <small>Nearest real crops</small>
    </div>
  );
}
