import { useSignal } from "@preact/signals";
import type { LayerName } from "../store/traits";
import { useWidget } from "./context";
import { Icon } from "./controls/icons";
import { PopupButton } from "./controls/PopupButton";
import { LayerList } from "./LayerList";

/** A block’s depth and the size of its output; of other modules the type in place of the depth. */
function describeLayer({ name, type, block, shape }: LayerName, blocks: readonly string[]): string {
  const depth = block ? `${blocks.indexOf(name) + 1} of ${blocks.length}` : type;
  return [depth, ...(shape ? [shape.join(" × ")] : [])].join(" · ");
}

/** The model's layers, to be searched by name or type; choosing one sets the trait. */
export function LayerPicker() {
  const { store } = useWidget();
  const all = useSignal(false);
  const layers = store.traits.layers.value;
  const current = store.traits.layer.value;
  const listed = all.value ? layers : layers.filter(({ name, block }) => block || name === current);
  const blocks = layers.filter(({ block }) => block).map(({ name }) => name);
  const choose = (name: string) => {
    if (name !== current && store.connected.peek()) store.traits.setLayer(name);
  };
  if (!store.can("layers")) return <strong class="aw-layer-name">{current}</strong>;
  return (
    <PopupButton
      holder="aw-layer"
      class="aw-layer-button"
      title="Choose a layer"
      opens="listbox"
      popupClass="aw-layer-list"
      popup={(close) => (
        <LayerList
          all={layers}
          listed={listed}
          begin={Math.max(
            0,
            listed.findIndex((item) => item.name === current),
          )}
          isChosen={(item) => item.name === current}
          row={(item) => (
            <>
              <span>{item.name}</span>
              <small>{describeLayer(item, blocks)}</small>
            </>
          )}
          onChoose={(item) => {
            choose(item.name);
            close();
          }}
          footer={
            listed.length < layers.length && (
              <button
                type="button"
                class="aw-link aw-all-layers"
                title="The model’s blocks are listed; a search finds all of its modules"
                data-aw-all-layers
                onClick={() => {
                  all.value = true;
                }}
              >
                All {layers.length} modules
              </button>
            )
          }
        />
      )}
    >
      <span class="aw-layer-name">{current || "Layer"}</span>
      <Icon name="down" />
    </PopupButton>
  );
}
