import { useSignal } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";
import { rankMatches } from "../search";
import { useWidget } from "./context";
import { Icon } from "./icons";
import { Popup } from "./Popup";

const MOST = 300;

/** The model's layers, to be searched by name or type; choosing one sets the trait. */
export function LayerPicker() {
  const { store } = useWidget();
  const open = useSignal(false);
  const layer = store.traits.layer.value;
  return (
    <div class="aw-holder aw-layer">
      <button
        type="button"
        class="aw-button aw-layer-button"
        title="Choose a layer"
        aria-haspopup="listbox"
        aria-expanded={open.value}
        onClick={() => {
          open.value = !open.value;
        }}
      >
        <span class="aw-layer-name">{layer || "Layer"}</span>
        <Icon name="down" />
      </button>
      {open.value && (
        <LayerList
          onClose={() => {
            open.value = false;
          }}
        />
      )}
    </div>
  );
}

function LayerList({ onClose }: { onClose: () => void }) {
  const { store } = useWidget();
  const query = useSignal("");
  const input = useRef<HTMLInputElement>(null);
  const list = useRef<HTMLUListElement>(null);
  const layers = store.traits.layers.value;
  const current = store.traits.layer.value;
  const at = useSignal(
    Math.max(
      0,
      layers.findIndex((item) => item.name === current),
    ),
  );
  const matches = rankMatches(layers, query.value, (item) => `${item.name} ${item.type}`).slice(
    0,
    MOST,
  );
  const chosen = Math.min(at.value, matches.length - 1);

  useEffect(() => input.current?.focus({ preventScroll: true }), []);
  useEffect(() => {
    const item = list.current?.children[chosen] as HTMLElement | undefined;
    // Not scrollIntoView, which would scroll the notebook as well.
    if (item && list.current) {
      const { offsetTop, offsetHeight } = item;
      const { scrollTop, clientHeight } = list.current;
      if (offsetTop < scrollTop) list.current.scrollTop = offsetTop;
      else if (offsetTop + offsetHeight > scrollTop + clientHeight) {
        list.current.scrollTop = offsetTop + offsetHeight - clientHeight;
      }
    }
  }, [chosen, query.value]);

  const choose = (name: string | undefined) => {
    if (name !== undefined && name !== current && store.connected.peek())
      store.traits.setLayer(name);
    onClose();
  };
  return (
    <Popup class="aw-layer-list" onClose={onClose}>
      <input
        ref={input}
        class="aw-input"
        type="text"
        role="combobox"
        aria-expanded="true"
        aria-controls="aw-layers"
        aria-activedescendant={chosen >= 0 ? `aw-layer-${chosen}` : undefined}
        aria-label="Search the layers"
        placeholder={`Search ${layers.length} layers`}
        value={query.value}
        onInput={(event) => {
          query.value = event.currentTarget.value;
          at.value = 0;
        }}
        onKeyDown={(event) => {
          const step = event.key === "ArrowDown" ? 1 : event.key === "ArrowUp" ? -1 : 0;
          if (step !== 0) {
            event.preventDefault();
            at.value = Math.min(Math.max(chosen + step, 0), matches.length - 1);
          } else if (event.key === "Enter") {
            // Or the button, which gets the focus back, would be pressed by the same key.
            event.preventDefault();
            choose(matches[chosen]?.name);
          }
        }}
      />
      <ul ref={list} id="aw-layers" role="listbox" aria-label="Layers">
        {matches.map((item, index) => (
          // Keys reach the list through the field above.
          // biome-ignore lint/a11y/useKeyWithClickEvents: see above
          <li
            key={item.name}
            id={`aw-layer-${index}`}
            role="option"
            tabIndex={-1}
            aria-selected={item.name === current}
            class={index === chosen ? "aw-at" : ""}
            onClick={() => choose(item.name)}
          >
            <span>{item.name}</span>
            <small>{item.type}</small>
          </li>
        ))}
      </ul>
      {matches.length === 0 && <p class="aw-note">No layer of that name.</p>}
    </Popup>
  );
}
