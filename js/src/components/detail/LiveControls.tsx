import { MORE_STEPS, type Panel, VARIANTS } from "../../panels/panel";
import { useWidget } from "../context";
import { Icon } from "../controls/icons";
import { NO_KERNEL } from "../words";

/** The buttons of the live picture; where it is narrow, titles have the words. */
export function LiveControls({ panel }: { panel: Panel }) {
  const { store } = useWidget();
  if (!store.can("live")) return null;
  const connected = store.connected.value;
  const live = panel.live.value;
  const now = live?.state.value;
  const usable = connected && now !== undefined && !now.failed;
  const reason = connected ? "" : NO_KERNEL;
  const rest = now?.paused ? "Go on" : "Pause";
  return (
    <div class="aw-live-controls">
      <button
        type="button"
        class="aw-button"
        disabled={!usable || now.done}
        title={reason || (now?.done ? "It is finished" : rest)}
        aria-label={rest}
        data-aw-pause
        onClick={() => live?.pause(!now?.paused)}
      >
        <Icon name={now?.paused ? "play" : "pause"} />
      </button>
      <button
        type="button"
        class="aw-button"
        disabled={!usable || now.step === 0}
        title={reason || `Go on for ${MORE_STEPS} more steps`}
        aria-label={`+${MORE_STEPS} steps`}
        data-aw-more
        onClick={() => {
          panel.lookAtLive();
          live?.more(MORE_STEPS);
        }}
      >
        +{MORE_STEPS} <span class="aw-word">steps</span>
      </button>
      <button
        type="button"
        class="aw-button"
        disabled={!connected}
        title={reason || "The same direction from other noise"}
        aria-label="Another seed"
        data-aw-seed
        onClick={() => panel.anotherSeed()}
      >
        <Icon name="seed" />
        <span class="aw-word">Another seed</span>
      </button>
      <button
        type="button"
        class="aw-button"
        disabled={!connected}
        aria-pressed={panel.variants.value !== null}
        title={reason || `${VARIANTS} pictures of the same direction that differ from each other`}
        aria-label={`${VARIANTS} variants`}
        data-aw-variants
        onClick={() => panel.toggleVariants()}
      >
        <Icon name="variants" />
        <span class="aw-word">Variants</span>
      </button>
    </div>
  );
}
