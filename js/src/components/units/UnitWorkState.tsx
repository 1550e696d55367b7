import type { UnitWork, Work } from "../../units/open_unit";
import { plural } from "../../util/numbers";
import { useWidget } from "../context";
import { Progress } from "../controls/Progress";

/** A button that begins a long computation, its progress with a button to stop it, or its failure. */
export function UnitWorkState({
  work,
  words,
  title,
  counts,
}: {
  work: Work;
  words: string;
  title: string;
  counts: readonly [one: string, many: string];
}) {
  const { store } = useWidget();
  const state = store.openUnit.work.value.get(work);
  const connected = store.connected.value;
  if (state && !state.failed && !isDone(state) && connected) {
    return (
      <div class="aw-task" role="status" data-aw-unit-work={work}>
        <span>
          {state.total > 0 ? `${state.done} of ${plural(state.total, ...counts)}…` : "Waiting…"}
        </span>
        <button
          type="button"
          class="aw-link"
          data-aw-stop-work={work}
          onClick={() => store.openUnit.stop(work)}
        >
          Stop
        </button>
        <Progress share={state.total > 0 ? state.done / state.total : null} />
      </div>
    );
  }
  return (
    <div>
      {state?.failed && (
        <p class="aw-note aw-task-failed" role="alert">
          {state.failed}
        </p>
      )}
      <button
        type="button"
        class="aw-button"
        title={title}
        disabled={!connected || !store.layout.value?.final}
        data-aw-begin={work}
        onClick={() => store.openUnit.begin(work)}
      >
        {words}
      </button>
    </div>
  );
}

const isDone = ({ done, total }: UnitWork) => total > 0 && done >= total;
