import { useSignal } from "@preact/signals";
import type { ClassEntry, Legend } from "../overlays/overlay";
import { cellsWonBy } from "../overlays/top_class";
import { combineFor } from "../selection/selection";
import { plural } from "../words";
import { useWidget } from "./context";
import { Icon } from "./icons";

/** What the colours over the pictures mean, how strong they are, and what they are of. */
export function OverlayLegend() {
  const { store, view } = useWidget();
  const folded = useSignal(false);
  const legend = view.overlays.legend.value;
  if (!legend) return null;
  const tinted = legend.scale !== undefined || legend.classes !== undefined;
  return (
    <section class="aw-overlay-legend" aria-label={`Legend: ${legend.title}`}>
      <header>
        <button
          type="button"
          class="aw-overlay-title"
          title={legend.about}
          aria-expanded={!folded.value}
          onClick={() => {
            folded.value = !folded.value;
          }}
        >
          <strong role="status">{legend.title}</strong>
        </button>
        <button
          type="button"
          class="aw-button aw-quiet"
          title="Pictures without an overlay"
          aria-label="Pictures without an overlay"
          data-aw-overlay-off
          onClick={() => {
            store.overlay.value = { kind: "pictures" };
          }}
        >
          <Icon name="close" />
        </button>
      </header>
      {legend.scale && <Scale scale={legend.scale} />}
      {legend.classes && !folded.value && <Classes classes={legend.classes} />}
      {legend.notes.length > 0 && !folded.value && (
        <ul class="aw-overlay-notes">
          {legend.notes.map((note) => (
            <li key={note.text}>
              <i
                class={`aw-swatch ${note.framed ? "aw-swatch-framed" : ""}`}
                style={note.framed ? { borderColor: note.colour } : { background: note.colour }}
                hidden={note.colour === "transparent"}
              />
              <span>{note.text}</span>
              {note.count !== undefined && <small>{note.count.toLocaleString("en-US")}</small>}
            </li>
          ))}
        </ul>
      )}
      {tinted && !folded.value && (
        <label class="aw-overlay-intensity">
          <span>Intensity</span>
          <input
            type="range"
            min="0"
            max="1"
            step="0.05"
            value={view.overlays.intensity.value}
            data-aw-intensity
            onInput={(event) => {
              view.overlays.intensity.value = Number(event.currentTarget.value);
            }}
          />
        </label>
      )}
    </section>
  );
}

function Scale({ scale }: { scale: NonNullable<Legend["scale"]> }) {
  return (
    <div class="aw-overlay-scale">
      <div class="aw-overlay-ramp" style={{ background: scale.gradient }} aria-hidden="true" />
      <ol>
        {scale.ticks.map((tick) => (
          <li key={tick.text} style={{ left: `${100 * tick.at}%` }}>
            <span style={{ transform: `translateX(${-100 * tick.at}%)` }}>{tick.text}</span>
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
            <small>{entry.count.toLocaleString("en-US")}</small>
          </button>
        </li>
      ))}
    </ul>
  );
}
