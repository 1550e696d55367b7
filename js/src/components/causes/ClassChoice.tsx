import { className } from "../../store/overlay_choice";
import { ClassPicker } from "../ClassPicker";
import { useWidget } from "../context";
import { Icon } from "../controls/icons";
import { PopupButton } from "../controls/PopupButton";

/** A class, and on a press all of them to choose another from. */
export function ClassChoice({
  label,
  chosen,
  onChoose,
  only,
}: {
  label: string;
  chosen: number | null;
  onChoose: (index: number) => void;
  /** See `ClassPicker`. */
  only?: ReadonlyMap<number, number>;
}) {
  const { store } = useWidget();
  const name = chosen === null ? "Choose a class" : className(store.classes.names.value, chosen);
  return (
    <PopupButton
      holder="aw-class-choice"
      title={`${label}: ${name}`}
      aria-label={`${label}: ${name}`}
      opens="listbox"
      data-aw-class-choice={chosen ?? ""}
      popupClass="aw-class-choice-popup"
      popup={(close) => (
        <ClassPicker
          chosen={chosen}
          only={only}
          onChoose={(index) => {
            onChoose(index);
            close();
          }}
        />
      )}
    >
      <span class="aw-class-choice-name">{name}</span>
      <Icon name="down" />
    </PopupButton>
  );
}
