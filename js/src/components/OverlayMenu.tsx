import { useSignal } from "@preact/signals";
import type { OverlayChoice, OverlayKind } from "../overlays/choice";
import { className } from "../overlays/choice";
import { ClassPicker } from "./ClassPicker";
import { useWidget } from "./context";
import { Icon } from "./icons";
import { Popup } from "./Popup";

const MODES: [OverlayKind, string, string][] = [
  ["pictures", "Pictures", "what the layer sees in each cell"],
  ["crops", "Real crops", "the sample nearest to each cell"],
  ["density", "Density", "how many samples lie in each cell"],
  ["top class", "Top class", "which class wins where"],
  ["influence", "Influence", "where the layer argues for a class"],
  ["fidelity", "Fidelity", "how true each picture is"],
  ["doubt", "Doubt", "is the mean real?"],
];

/** What lies over the pictures. */
export function OverlayMenu() {
  const { store } = useWidget();
  const open = useSignal(false);
  const choice = store.overlay.value;
  const close = () => {
    open.value = false;
  };
  const name = MODES.find(([kind]) => kind === choice.kind)?.[1];
  return (
    <div class="aw-holder">
      <button
        type="button"
        class={`aw-button ${choice.kind === "pictures" ? "" : "aw-on"}`}
        title={`Overlay: ${describe(choice, store.classes.names.value)} (V for the next)`}
        aria-label={`Overlay: ${name}`}
        aria-haspopup="menu"
        aria-expanded={open.value}
        data-aw-overlay-menu
        onClick={() => {
          open.value = !open.value;
        }}
      >
        <Icon name="overlay" />
      </button>
      {open.value && <Menu onClose={close} />}
    </div>
  );
}

function describe(choice: OverlayChoice, names: readonly string[]): string {
  const name = MODES.find(([kind]) => kind === choice.kind)?.[1] ?? "";
  return choice.kind === "influence" && choice.class >= 0
    ? `influence of “${className(names, choice.class)}”`
    : name.toLowerCase();
}

function Menu({ onClose }: { onClose: () => void }) {
  const { store, view, host } = useWidget();
  const picking = useSignal(false);
  const choice = store.overlay.value;
  const classes = store.classes.names.value;
  const last = view.overlays.lastClass.value;
  const choose = (next: OverlayChoice) => {
    store.overlay.value = next;
    onClose();
    host.focus({ preventScroll: true });
  };
  if (picking.value) {
    return (
      <Popup class="aw-overlay-popup" onClose={onClose}>
        <p class="aw-note">Influence of which class?</p>
        <ClassPicker
          chosen={choice.kind === "influence" ? choice.class : null}
          onChoose={(index) => choose({ kind: "influence", class: index })}
        />
      </Popup>
    );
  }
  return (
    <Popup class="aw-menu aw-overlay-popup" onClose={onClose}>
      <div role="menu" aria-label="Overlay">
        {MODES.map(([kind, name, meaning]) => (
          <button
            key={kind}
            type="button"
            role="menuitemradio"
            aria-checked={choice.kind === kind}
            data-aw-overlay-kind={kind}
            disabled={needsClasses(kind) && store.classes.reason.value !== ""}
            title={needsClasses(kind) ? store.classes.reason.value : ""}
            onClick={() => {
              if (kind === "influence") picking.value = true;
              else choose({ kind });
            }}
          >
            <span>
              {name}
              {kind === "influence" && "…"}
            </span>
            <small>{meaning}</small>
          </button>
        ))}
        {last !== null && choice.kind !== "influence" && (
          <button
            type="button"
            role="menuitemradio"
            aria-checked="false"
            data-aw-overlay-again
            onClick={() => choose({ kind: "influence", class: last })}
          >
            <span>… of “{className(classes, last)}”</span>
            <small>again</small>
          </button>
        )}
      </div>
    </Popup>
  );
}

const needsClasses = (kind: OverlayKind) => kind === "influence" || kind === "top class";
