import type { Comparisons } from "../../compare/comparisons";
import { useWidget } from "../context";
import { Icon } from "../controls/icons";
import { PopupButton } from "../controls/PopupButton";
import { LayerList } from "../LayerList";

/** A button with a list of the model’s layers: the one that is chosen is compared. */
export function CompareWith({ state }: { state: Comparisons }) {
  const { store } = useWidget();
  const current = store.traits.layer.value;
  const all = store.traits.layers.value.filter(({ name }) => name !== current);
  const listed = all.filter(({ block }) => block);
  return (
    <PopupButton
      opens="listbox"
      popupClass="aw-layer-list"
      title="Choose another layer of the model"
      disabled={!store.connected.value || state.running.value !== null}
      data-aw-compare-with
      popup={(close) => (
        <LayerList
          all={all}
          listed={listed}
          isChosen={() => false}
          row={({ name, type, shape }) => (
            <>
              <span>{name}</span>
              <small>{shape ? shape.join(" × ") : type}</small>
            </>
          )}
          onChoose={({ name }) => {
            state.compare(name);
            close();
          }}
        />
      )}
    >
      <span>Compare with…</span>
      <Icon name="down" />
    </PopupButton>
  );
}
