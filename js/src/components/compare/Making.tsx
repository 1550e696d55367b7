import type { Comparisons } from "../../compare/comparisons";
import { Progress } from "../controls/Progress";

/** How far the comparison is that is being made, or why there is none. */
export function Making({ state }: { state: Comparisons }) {
  const running = state.running.value;
  if (running) {
    const { words, done, total } = running;
    return (
      <div class="aw-task aw-compare-making" role="status" data-aw-comparing={words}>
        <span>{words}…</span>
        <button type="button" class="aw-link" data-aw-compare-stop onClick={() => state.stop()}>
          Stop
        </button>
        <Progress share={total > 0 ? done / total : null} />
      </div>
    );
  }
  if (!state.failed.value) return null;
  return (
    <p class="aw-note aw-task-failed aw-compare-making" role="alert" data-aw-compare-failed>
      {state.failed.value}
    </p>
  );
}
