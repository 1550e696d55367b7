import type { Signal } from "@preact/signals";
import type { Running } from "../../causes/running";
import { plural } from "../../util/numbers";
import { useWidget } from "../context";
import { Progress } from "../controls/Progress";

/** The progress of an experiment, with a button to stop it; or the reason of its failure. */
export function TaskState<Result>({
  task,
  begins,
  counts,
}: {
  /** None while nothing was asked for. */
  task: Signal<Running<Result> | null>;
  /** The text until it is known how much there is to do. */
  begins: string;
  /** The things that are counted, one and many; without them only `begins` is shown. */
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
      <span>{connected ? words : "It cannot be finished: the kernel has stopped."}</span>
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
