import type { Signal } from "@preact/signals";
import type { Running } from "../../causes/running";
import { plural } from "../../util/numbers";
import { useWidget } from "../context";
import { Progress } from "../controls/Progress";

/** How far an experiment is, with the way to stop it; or why nothing came of it. */
export function TaskState<Result>({
  task,
  begins,
  counts,
}: {
  /** None while nothing was asked for. */
  task: Signal<Running<Result> | null>;
  /** What is said until it is known how much there is to do. */
  begins: string;
  /** What is counted, one and many; it is said no more than `begins` without. */
  counts?: readonly [one: string, many: string];
}) {
  const { store } = useWidget();
  const running = task.value;
  const state = running?.state.value;
  if (!state || state.stage === "done") return null;
  if (state.stage === "failed") {
    return (
      <p class="aw-note aw-task-failed" role="alert">
        {state.message}
      </p>
    );
  }
  const { done, total } = state;
  const connected = store.connected.value;
  const words = counts && total > 0 ? `${done} of ${plural(total, ...counts)}…` : begins;
  return (
    <div class="aw-task" role="status">
      <span>{connected ? words : "It will not come: the kernel has gone."}</span>
      <button
        type="button"
        class="aw-link"
        data-aw-stop-task
        onClick={() => {
          running.stop();
          task.value = null;
        }}
      >
        {connected ? "Stop" : "Close"}
      </button>
      <Progress share={total > 0 ? done / total : null} class={connected ? "" : "aw-at-rest"} />
    </div>
  );
}
