import { useEffect } from "preact/hooks";
import type { Cue, CueClasses, CueReport } from "../../causes/cues";
import { cellKey } from "../../protocol/picture_key";
import type { Canvas } from "../../util/decode";
import { formatShare, formatValue, plural } from "../../util/numbers";
import { CellPicture } from "../CellPicture";
import { useWidget } from "../context";
import { Dialog } from "../controls/Dialog";
import { Tile } from "../Tile";
import { NO_KERNEL } from "../words";
import { ClassChoice } from "./ClassChoice";
import { TaskState } from "./TaskState";

/** Misleading cues: a ranked list of cells that argue for one class in images of another. */
export function CuesPanel() {
  const { store, view, host } = useWidget();
  const { choices } = view;
  const [first, second] = [choices.first.value, choices.second.value];
  const running = choices.cues.value;
  const state = running?.state.value;
  const connected = store.connected.value;
  const grid = store.layout.value?.grids[0]?.size ?? null;
  const ready = first !== null && second !== null && first !== second && grid !== null;
  const asked = store.causes.cueClasses.value;
  const known = asked?.state.value;
  const classes = known?.stage === "done" ? known.result : null;
  useEffect(() => {
    if (connected) store.causes.wantCueClasses();
  }, [connected, asked]);
  const end = () => {
    choices.cuesOpen.value = false;
    host.focus({ preventScroll: true });
  };
  return (
    <Dialog class="aw-cues" title="Misleading cues" onClose={end} data-aw-cues={state?.stage ?? ""}>
      <p class="aw-note">
        What argues for one class although it is seen in images of the other: pasted on those
        images, with noise and random cells as controls.
      </p>
      <p class="aw-note" data-aw-cue-classes={classes?.samples.size ?? ""}>
        {describeClasses(classes, known?.stage === "failed" ? known.message : null)}
      </p>
      <div class="aw-row">
        <ClassChoice
          only={classes?.samples}
          label="One class"
          chosen={first}
          onChoose={(index) => {
            choices.first.value = index;
          }}
        />
        <span class="aw-note">and</span>
        <ClassChoice
          only={classes?.samples}
          label="The other class"
          chosen={second}
          onChoose={(index) => {
            choices.second.value = index;
          }}
        />
        <button
          type="button"
          class="aw-button aw-primary"
          disabled={!connected || !ready || state?.stage === "running"}
          title={connected ? "" : NO_KERNEL}
          data-aw-find-cues
          onClick={() => {
            if (!ready) return;
            running?.stop();
            choices.cues.value = store.causes.findCues(grid, first, second);
          }}
        >
          Find
        </button>
      </div>
      <TaskState
        task={choices.cues}
        begins="Going through the samples of both classes, then pasting…"
      />
      {running && state?.stage === "done" && (
        <Found report={state.result} request={running.request} />
      )}
    </Dialog>
  );
}

/** Between which classes cues can be looked for here. */
function describeClasses(known: CueClasses | null, failed: string | null): string {
  if (failed !== null) return failed;
  if (known === null) return "Finding out which classes there are images of…";
  const count = known.samples.size;
  if (count < 2) return "There are too few images of any two classes to look for cues here.";
  return `There are enough images of ${count} classes (${known.toldBy}).`;
}

function Found({ report, request }: { report: CueReport; request: number }) {
  const { store } = useWidget();
  void store.causes.version.value;
  const crops = store.causes.cropsOf(request);
  const { cues, candidates, samples, notices } = report;
  return (
    <>
      <p class="aw-note">
        {cues.length === 0
          ? `No cell argues so in ${plural(samples, "sample")} of both classes’ images.`
          : `${cues.length} of ${plural(candidates, "candidate")}, the strongest first.`}
      </p>
      <ol class="aw-cue-list">
        {cues.map((cue, rank) => (
          <CueRow key={cue.cell} cue={cue} report={report} rank={rank} crops={crops} />
        ))}
      </ol>
      {notices.map((notice) => (
        <p key={notice} class="aw-note">
          {notice}
        </p>
      ))}
    </>
  );
}

function CueRow({
  cue,
  report,
  rank,
  crops,
}: {
  cue: Cue;
  report: CueReport;
  rank: number;
  crops: Canvas | null;
}) {
  const { view } = useWidget();
  const { grid, tile, columns } = report;
  const shown = Math.min(columns, cue.samples);
  return (
    <li>
      <button
        type="button"
        class="aw-cue"
        title="Fly to the cell and open it"
        data-aw-cue={cue.cell}
        onClick={() => {
          view.navigation.flyToCells(grid, [cue.cell]);
          view.opened.value = { grid, cell: cue.cell };
        }}
      >
        <CellPicture of={cellKey(grid, cue.cell)} size={64} />
        <span class="aw-cue-words">
          <strong>
            for “{cue.argueFor}” <small>in images of “{cue.seenIn}”</small>
          </strong>
          <span class="aw-cue-crops">
            {Array.from({ length: shown }, (_, at) => (
              <Tile
                key={at}
                sheet={crops}
                left={at * tile}
                top={rank * tile}
                side={tile}
                size={28}
              />
            ))}
          </span>
          <span class="aw-cue-numbers">
            argues {formatValue(cue.influence)} in {plural(cue.samples, "sample")}
            {cue.measured !== null && (
              <>
                {" "}
                · pasted {formatValue(cue.measured)}, predicted {formatValue(cue.predicted ?? 0)}
              </>
            )}
          </span>
          {cue.flips !== null && (
            <span class={`aw-cue-numbers ${cue.confirmed ? "aw-confirmed" : ""}`}>
              flips {formatShare(cue.flips)} of {plural(cue.images, "image")}, noise{" "}
              {formatShare(cue.noise ?? 0)}
              {cue.confirmed ? " · confirmed" : " · not confirmed"}
            </span>
          )}
          {cue.flips === null && <span class="aw-cue-numbers">could not be pasted on images</span>}
        </span>
      </button>
    </li>
  );
}
