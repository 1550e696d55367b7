import type { UnitWork } from "../../units/units";
import { plural } from "../../util/numbers";
import { useWidget } from "../context";
import { Progress } from "../controls/Progress";

/** A button that begins a long computation about all units, its progress, or why it failed. */
export function UnitWorkState({
  work,
  words,
  title,
  counts,
}: {
  work: "scan" | "tuning";
  words: string;
  title: string;
  counts: readonly [one: string, many: string];
}) {
  const { store } = useWidget();
  const state = store.units.work.value.get(work);
  if (state && !state.failed && !isDone(state)) {
    return (
      <div class="aw-task" role="status" data-aw-unit-work={work}>
        <span>
          {state.total > 0 ? `${state.done} of ${plural(state.total, ...counts)}…` : "Waiting…"}
        </span>
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
        disabled={!store.connected.value || !store.layout.value?.final}
        data-aw-begin={work}
        onClick={() => store.units.begin(work)}
      >
        {words}
      </button>
    </div>
  );
}

const isDone = ({ done, total }: UnitWork) => total > 0 && done >= total;
