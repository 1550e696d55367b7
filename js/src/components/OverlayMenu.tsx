import { useSignal } from "@preact/signals";
import type { OverlayChoice, OverlayKind } from "../store/overlay_choice";
import { className, isPossible } from "../store/overlay_choice";
import { ClassPicker } from "./ClassPicker";
import { useWidget } from "./context";
import { Icon } from "./controls/icons";
import { MenuItem, PopupButton } from "./controls/PopupButton";

const MODES: [Exclude<OverlayKind, "unit">, string, string][] = [
  ["pictures", "Pictures", "what the layer sees in each cell"],
  ["crops", "Real crops", "the sample nearest to each cell"],
  ["density", "Density", "how many samples lie in each cell"],
  ["top class", "Top class", "which class wins where"],
  ["influence", "Influence", "where the layer argues for a class"],
  ["fidelity", "Fidelity", "how true each picture is"],
  ["doubt", "Doubt", "do a cell’s samples agree?"],
];

/** The choice of an overlay. */
export function OverlayMenu() {
  const { store } = useWidget();
  const choice = store.overlay.value;
  const name = choice.kind === "unit" ? `Unit ${choice.unit}` : nameOf(choice.kind);
  return (
    <PopupButton
      class={choice.kind === "pictures" ? "" : "aw-on"}
      title={`Overlay: ${describe(choice, store.classes.names.value)} (V for the next)`}
      aria-label={`Overlay: ${name}`}
      data-aw-overlay-menu
      popupClass="aw-menu aw-overlay-popup"
      popup={(close) => <Menu onClose={close} />}
    >
      <Icon name="overlay" />
    </PopupButton>
  );
}

const nameOf = (kind: OverlayKind) => MODES.find(([known]) => known === kind)?.[1];

function describe(choice: OverlayChoice, names: readonly string[]): string {
  if (choice.kind === "unit") return `mean activation of unit ${choice.unit}`;
  const name = nameOf(choice.kind) ?? "";
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
  const modes = MODES.filter(([kind]) => isPossible(kind, (ability) => store.can(ability)));
  const choose = (next: OverlayChoice) => {
    store.overlay.value = next;
    onClose();
    host.focus({ preventScroll: true });
  };
  if (picking.value) {
    return (
      <>
        <p class="aw-note">Influence of which class?</p>
        <ClassPicker
          chosen={choice.kind === "influence" ? choice.class : null}
          onChoose={(index) => choose({ kind: "influence", class: index })}
        />
      </>
    );
  }
  return (
    <div role="menu" aria-label="Overlay">
      {modes.map(([kind, name, meaning]) => (
        <MenuItem
          key={kind}
          words={kind === "influence" ? `${name}…` : name}
          meaning={meaning}
          checked={choice.kind === kind}
          data-aw-overlay-kind={kind}
          disabled={needsClasses(kind) && store.classes.reason.value !== ""}
          title={needsClasses(kind) ? store.classes.reason.value : ""}
          onClick={() => {
            if (kind === "influence") picking.value = true;
            else choose({ kind });
          }}
        />
      ))}
      <MenuItem
        words="Names of regions"
        meaning="the label that the images of neighbouring cells share (N)"
        checked={view.names.value}
        disabled={store.regions.all.value.length === 0}
        title={
          store.regions.all.value.length === 0
            ? "The images have no labels, or none that neighbouring cells share"
            : ""
        }
        data-aw-region-names
        onClick={() => {
          view.names.value = !view.names.peek();
        }}
      />
      {last !== null && choice.kind !== "influence" && (
        <MenuItem
          words={`… of “${className(classes, last)}”`}
          meaning="again"
          checked={false}
          data-aw-overlay-again
          onClick={() => choose({ kind: "influence", class: last })}
        />
      )}
    </div>
  );
}

const needsClasses = (kind: OverlayKind) => kind === "influence" || kind === "top class";
