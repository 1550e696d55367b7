import { useSignal } from "@preact/signals";
import type { Opened } from "../../image/answers";
import type { OpenImage } from "../../image/open_image";
import { MAX_LAYERS } from "../../protocol/shared";
import { useWidget } from "../context";
import { Icon } from "../controls/icons";
import { PopupButton } from "../controls/PopupButton";
import { LayerList } from "../LayerList";

/** The layers that the image is read in; each is added or taken away. */
export function LayersChooser({ state, opened }: { state: OpenImage; opened: Opened }) {
  const { store } = useWidget();
  const refused = useSignal("");
  const chosen = opened.layers.map(({ name }) => name);
  const all = store.traits.layers.value;
  const listed = all.filter(({ name, block }) => block || chosen.includes(name));
  return (
    <PopupButton
      class="aw-quiet"
      opens="listbox"
      popupClass="aw-layer-list"
      title="Choose the layers that the image is read in"
      disabled={!store.connected.value}
      data-aw-image-layers={chosen.length}
      popup={() => (
        <LayerList
          all={all}
          listed={listed}
          isChosen={({ name }) => chosen.includes(name)}
          row={({ name, type }) => (
            <>
              <span>{`${chosen.includes(name) ? "✓ " : ""}${name}`}</span>
              <small>{type}</small>
            </>
          )}
          onChoose={({ name }) => {
            const next = chosen.includes(name)
              ? chosen.filter((each) => each !== name)
              : [...chosen, name];
            if (next.length === 0) refused.value = "One layer has to stay.";
            else if (next.length > MAX_LAYERS)
              refused.value = `${MAX_LAYERS} layers at most: take one away first.`;
            else {
              refused.value = "";
              state.readIn(next);
            }
          }}
          footer={refused.value && <p class="aw-note">{refused.value}</p>}
        />
      )}
    >
      <span>{chosen.length} layers</span>
      <Icon name="down" />
    </PopupButton>
  );
}
