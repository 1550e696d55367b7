import type { Running } from "../../causes/running";
import { useWidget } from "../context";

/** How far an experiment is, with the way to stop it; or why nothing came of it. */
export function TaskState<Result>({
  running,
  words,
  onStop,
}: {
  running: Running<Result>;
  words: string;
  onStop: () => void;
}) {
  const { store } = useWidget();
  const state = running.state.value;
  if (state.stage === "done") return null;
  if (state.stage === "failed") {
    return (
      <p class="aw-note aw-task-failed" role="alert">
        {state.message}
      </p>
    );
  }
  const share = state.total > 0 ? Math.min(1, state.done / state.total) : null;
  const connected = store.connected.value;
  return (
    <div class="aw-task" role="status">
      <span>{connected ? words : "It will not come: the kernel has gone."}</span>
      <button type="button" class="aw-link" data-aw-stop-task onClick={onStop}>
        {connected ? "Stop" : "Close"}
      </button>
      <div
        class={`aw-task-bar ${share === null ? "aw-task-waiting" : ""}`}
        style={{ "--aw-share": share ?? 0 }}
      />
    </div>
  );
}
