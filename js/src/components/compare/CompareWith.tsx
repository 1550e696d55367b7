import type { Comparisons } from "../../compare/comparisons";
import { rankMatches } from "../../util/search";
import { useWidget } from "../context";
import { Icon } from "../controls/icons";
import { PopupButton } from "../controls/PopupButton";
import { SearchList } from "../controls/SearchList";

const MAX_SHOWN = 300;

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
        <SearchList
          name="layers"
          placeholder={`Search ${all.length} layers`}
          match={(query) =>
            rankMatches(
              query === "" ? listed : all,
              query,
              ({ name, type }) => `${name} ${type}`,
            ).slice(0, MAX_SHOWN)
          }
          isChosen={() => false}
          keyOf={({ name }) => name}
          row={({ name, type, shape }) => (
            <>
              <span>{name}</span>
              <small>{shape ? shape.join(" × ") : type}</small>
            </>
          )}
          nothing={() => "No layer of that name."}
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
