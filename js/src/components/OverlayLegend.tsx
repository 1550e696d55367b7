import { useSignal } from "@preact/signals";
import { combineFor } from "../geometry/selection";
import type { ClassEntry, Legend, Note } from "../overlays/overlay";
import { cellsWonBy } from "../overlays/top_class";
import { formatCount, plural } from "../util/numbers";
import { useWidget } from "./context";
import { IconButton } from "./controls/IconButton";
import { Slider } from "./controls/Slider";
import { PictureControls } from "./PictureControls";
import { percent } from "./Stretch";

/** In a stage narrower than this (CSS pixels) a legend would cover a good part of the atlas. */
const NARROW = 480;

/** The legend of the overlay, its intensity, and its details. */
export function OverlayLegend() {
  const { view } = useWidget();
  // What the user chose holds for views of that kind: wide ones unfold, narrow ones fold.
  const folded = useSignal({ narrow: true, wide: false });
  const legend = view.overlays.legend.value;
  if (!legend) return null;
  const kind = view.size.value.width < NARROW ? "narrow" : "wide";
  const shut = folded.value[kind];
  return (
    <section
      class={`aw-overlay-legend ${shut && kind === "narrow" ? "aw-overlay-small" : ""}`}
      aria-label={`Legend: ${legend.title}`}
    >
      <header>
        <button
          type="button"
          class="aw-overlay-title"
          title={legend.about}
          aria-expanded={!shut}
          data-aw-legend-fold
          onClick={() => {
            folded.value = { ...folded.peek(), [kind]: !shut };
          }}
        >
          <strong role="status">{legend.title}</strong>
        </button>
        <OffButton />
      </header>
      {legend.scale && <Scale scale={legend.scale} />}
      {!shut && <Details legend={legend} />}
    </section>
  );
}

function OffButton() {
  const { store } = useWidget();
  return (
    <IconButton
      icon="close"
      title="Pictures without an overlay"
      data-aw-overlay-off
      onClick={() => {
        store.overlay.value = { kind: "pictures" };
      }}
    />
  );
}

/** The part that folds away. */
function Details({ legend }: { legend: Legend }) {
  const { store, view } = useWidget();
  const tinted = legend.scale !== undefined || legend.classes !== undefined;
  return (
    <>
      {legend.classes && <Classes classes={legend.classes} />}
      {legend.notes.length > 0 && <Notes notes={legend.notes} />}
      {legend.controls && store.can("experiments") && <PictureControls />}
      {tinted && (
        <div class="aw-overlay-intensity">
          <span>Intensity</span>
          <Slider
            label="Intensity"
            min={0}
            max={1}
            step={0.05}
            value={view.overlays.intensity.value}
            data-aw-intensity
            onSlide={(value) => {
              view.overlays.intensity.value = value;
            }}
          />
        </div>
      )}
    </>
  );
}

function Notes({ notes }: { notes: readonly Note[] }) {
  return (
    <ul class="aw-overlay-notes">
      {notes.map((note) => (
        <li key={note.text}>
          <i
            class={`aw-swatch ${note.framed ? "aw-swatch-framed" : ""}`}
            style={note.framed ? { borderColor: note.colour } : { background: note.colour }}
            hidden={note.colour === "transparent"}
          />
          <span>{note.text}</span>
          {note.count !== undefined && <small>{formatCount(note.count)}</small>}
        </li>
      ))}
    </ul>
  );
}

function Scale({ scale }: { scale: NonNullable<Legend["scale"]> }) {
  return (
    <div class="aw-overlay-scale">
      <div class="aw-overlay-ramp" style={{ background: scale.gradient }} aria-hidden="true" />
      <ol>
        {scale.ticks.map((tick) => (
          <li key={tick.text} style={{ left: percent(tick.at) }}>
            <span style={{ transform: `translateX(${percent(-tick.at)})` }}>{tick.text}</span>
          </li>
        ))}
      </ol>
    </div>
  );
}

/** The commonest classes in view; a press selects what a class wins. */
function Classes({ classes }: { classes: readonly ClassEntry[] }) {
  const { store, view } = useWidget();
  const select = (event: MouseEvent, of: number) => {
    const grid = view.level.peek();
    if (grid === null) return;
    view.selectCells(grid, cellsWonBy(of, store.cards.winnersOf(grid)), combineFor(event));
  };
  return (
    <ul class="aw-overlay-classes">
      {classes.map((entry) => (
        <li key={entry.class}>
          <button
            type="button"
            title={`${entry.name} wins ${plural(entry.count, "cell")} in view. Select all that it wins; Shift adds, Alt removes.`}
            data-aw-legend-class={entry.class}
            onClick={(event) => select(event, entry.class)}
          >
            <i class="aw-swatch" style={{ background: entry.colour }} />
            <span>{entry.name}</span>
            <small>{formatCount(entry.count)}</small>
          </button>
        </li>
      ))}
    </ul>
  );
}
