import { useSignal } from "@preact/signals";
import { useWidget } from "../context";
import { Icon } from "../controls/icons";
import { describePlace } from "../words";
import { CellPanel } from "./CellPanel";
import { Comparison } from "./Comparison";

/** The panels beside the stage: one cell in depth, or two against each other. */
export function DetailPanels() {
  const { view } = useWidget();
  const folded = useSignal(false);
  const [first, other] = view.panels.shown.value;
  const waiting = view.panels.waiting.value;
  if (!first) return null;
  return (
    <aside
      class={`aw-detail ${other ? "aw-pair" : ""} ${folded.value ? "aw-folded" : ""}`}
      aria-label={other ? "Two cells compared" : "The cell in detail"}
    >
      <button
        type="button"
        class="aw-fold"
        aria-expanded={!folded.value}
        title={folded.value ? "Show the panel" : "Fold the panel away"}
        aria-label={folded.value ? "Show the panel" : "Fold the panel away"}
        onClick={() => {
          folded.value = !folded.value;
        }}
      >
        <Icon name="down" />
      </button>
      {waiting && (
        <p class="aw-detail-notice" role="status">
          Both cells are pinned. Unpin or close one to see{" "}
          {describePlace(waiting.grid, waiting.cell)}.
        </p>
      )}
      {other ? (
        <Comparison key={`${first.key}/${other.key}`} first={first} other={other} />
      ) : (
        <CellPanel key={first.key} panel={first} />
      )}
    </aside>
  );
}
