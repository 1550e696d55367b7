import { namedHere } from "../keyboard/keymap";
import { useWidget } from "./context";
import { Icon } from "./controls/icons";
import { MenuItem, PopupButton } from "./controls/PopupButton";

/** The commands for a selection besides drawing one. */
export function SelectMenu() {
  const { store, view } = useWidget();
  const { selecting } = view;
  const some = store.selection.value.cells.length > 0;
  const { canUndo, canRedo } = store.selections;
  const entries: [name: string, words: string, keys: string, can: boolean, act: () => void][] = [
    ["all", "All in view", "Ctrl + A", view.grid !== null, () => view.selectAllInView()],
    ["others", "The other cells", "I", view.grid !== null, () => selecting.invert()],
    ["none", "None", "", some, () => selecting.clear()],
    ["undo", "Undo", "Ctrl + Z", canUndo.value, () => selecting.undo()],
    ["redo", "Redo", "Ctrl + Shift + Z", canRedo.value, () => selecting.redo()],
  ];
  return (
    <PopupButton
      class="aw-select-menu"
      title="Select …"
      aria-label="Select"
      data-aw-select-menu
      popup={(close) => (
        <div role="menu" aria-label="Select">
          {entries.map(([name, words, keys, can, act]) => (
            <MenuItem
              key={name}
              words={words}
              meaning={namedHere(keys)}
              disabled={!can}
              data-aw-select={name}
              onClick={() => {
                act();
                close();
              }}
            />
          ))}
        </div>
      )}
    >
      <Icon name="down" />
    </PopupButton>
  );
}
