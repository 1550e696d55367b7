import { useSignal } from "@preact/signals";
import { className } from "../../overlays/choice";
import { ClassPicker } from "../ClassPicker";
import { useWidget } from "../context";
import { Icon } from "../icons";
import { Popup } from "../Popup";

/** A class, and on a press all of them to choose another from. */
export function ClassChoice({
  label,
  chosen,
  onChoose,
}: {
  label: string;
  chosen: number | null;
  onChoose: (index: number) => void;
}) {
  const { store } = useWidget();
  const open = useSignal(false);
  const name = chosen === null ? "choose a class" : className(store.classes.names.value, chosen);
  return (
    <span class="aw-holder aw-class-choice">
      <button
        type="button"
        class="aw-button"
        title={`${label}: ${name}`}
        aria-label={`${label}: ${name}`}
        aria-haspopup="listbox"
        aria-expanded={open.value}
        data-aw-class-choice={chosen ?? ""}
        onClick={() => {
          open.value = !open.value;
        }}
      >
        <span class="aw-class-choice-name">{name}</span>
        <Icon name="down" />
      </button>
      {open.value && (
        <Popup
          class="aw-class-choice-popup"
          onClose={() => {
            open.value = false;
          }}
        >
          <ClassPicker
            chosen={chosen}
            onChoose={(index) => {
              onChoose(index);
              open.value = false;
            }}
          />
        </Popup>
      )}
    </span>
  );
}
