import { useSignal } from "@preact/signals";
import { namedHere } from "../keyboard/keymap";
import { useWidget } from "./context";
import { Icon } from "./icons";
import { Popup } from "./Popup";

/** What can be done with a selection besides drawing one. */
export function SelectMenu() {
  const { store, view } = useWidget();
  const open = useSignal(false);
  const some = store.selection.value.cells.length > 0;
  const close = () => {
    open.value = false;
  };
  const entries: [name: string, words: string, keys: string, can: boolean, act: () => void][] = [
    ["all", "All in view", "Ctrl + A", view.grid !== null, () => view.selectAllInView()],
    ["others", "The other cells", "I", view.grid !== null, () => view.selecting.invert()],
    ["none", "None", "", some, () => view.selecting.clear()],
    ["undo", "Undo", "Ctrl + Z", store.selections.canUndo.value, () => view.selecting.undo()],
    [
      "redo",
      "Redo",
      "Ctrl + Shift + Z",
      store.selections.canRedo.value,
      () => view.selecting.redo(),
    ],
  ];
  return (
    <div class="aw-holder">
      <button
        type="button"
        class="aw-button aw-select-menu"
        title="Select …"
        aria-label="Select"
        aria-haspopup="menu"
        aria-expanded={open.value}
        data-aw-select-menu
        onClick={() => {
          open.value = !open.value;
        }}
      >
        <Icon name="down" />
      </button>
      {open.value && (
        <Popup class="aw-menu" onClose={close}>
          <div role="menu" aria-label="Select">
            {entries.map(([name, words, keys, can, act]) => (
              <button
                key={name}
                type="button"
                role="menuitem"
                disabled={!can}
                data-aw-select={name}
                onClick={() => {
                  act();
                  close();
                }}
              >
                <span>{words}</span>
                <small>{namedHere(keys)}</small>
              </button>
            ))}
          </div>
        </Popup>
      )}
    </div>
  );
}
