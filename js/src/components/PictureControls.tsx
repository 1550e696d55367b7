import type { ControlRow, PictureCheck } from "../causes/controls";
import { formatDecimal, formatPercent, plural } from "../util/numbers";
import { TaskState } from "./causes/TaskState";
import { useWidget } from "./context";
import { Stretch } from "./Stretch";
import { NO_KERNEL } from "./words";

/** The button that compares the pictures with controls, and the comparison. */
export function PictureControls() {
  const { store } = useWidget();
  const { checked } = store.causes;
  const state = checked.value?.state.value;
  const connected = store.connected.value;
  if (state?.stage === "done") return <Table check={state.result} />;
  return (
    <div class="aw-controls">
      {(!state || state.stage === "failed") && (
        <button
          type="button"
          class="aw-button"
          disabled={!connected || !store.layout.value?.final}
          title={
            connected
              ? "Noise, an untrained network, statistics alone and real crops: about a minute"
              : NO_KERNEL
          }
          data-aw-controls
          onClick={() => store.causes.checkPictures()}
        >
          Compare with controls
        </button>
      )}
      <TaskState task={checked} begins="Making controls…" counts={["picture", "pictures"]} />
    </div>
  );
}

function Table({ check }: { check: PictureCheck }) {
  const { rows, judge, cells, passed, verdict } = check;
  return (
    <div class="aw-controls" data-aw-control-rows={rows.length}>
      <table>
        <caption>Of {plural(cells, "cell")}, median cosine with the limits of 80 %</caption>
        <thead>
          <tr>
            <th scope="col" />
            <th scope="col" colSpan={2}>
              cosine
            </th>
            <th scope="col" title="The share that comes back to its own cell">
              own cell
            </th>
            {judge !== null && (
              <th scope="col" title={`The share in which ${judge} finds the cell`}>
                judge
              </th>
            )}
          </tr>
        </thead>
        <tbody>
          {rows.map((row, at) => (
            <Row key={row.name} row={row} judged={judge !== null} own={at === 0} />
          ))}
        </tbody>
      </table>
      <p class={passed ? "aw-note" : "aw-note aw-task-failed"}>{verdict}</p>
    </div>
  );
}

function Row({ row, judged, own }: { row: ControlRow; judged: boolean; own: boolean }) {
  const share = (value: number | null) => (value === null ? "–" : formatPercent(value));
  return (
    <tr class={own ? "aw-controls-own" : ""}>
      <th scope="row">{row.name}</th>
      <td class="aw-controls-bar">
        <span class="aw-bar-track" aria-hidden="true">
          <Stretch
            class={`aw-bar ${own ? "aw-for" : "aw-before"}`}
            from={0}
            to={Math.max(0, row.cosine ?? 0)}
          />
          <Stretch
            class="aw-whisker"
            from={Math.max(0, row.low ?? 0)}
            to={Math.max(0, row.high ?? 0)}
          />
        </span>
      </td>
      <td>{row.cosine === null ? "–" : formatDecimal(row.cosine)}</td>
      <td>{share(row.own)}</td>
      {judged && <td>{share(row.found)}</td>}
    </tr>
  );
}
