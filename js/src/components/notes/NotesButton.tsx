import { useWidget } from "../context";
import { Icon } from "../controls/icons";

/** Opens and closes the list of notes, and says how many there are. */
export function NotesButton() {
  const { store, view } = useWidget();
  const count = store.notes.all.value.length;
  if (count === 0 && !store.can("notes")) return null;
  return (
    <button
      type="button"
      class="aw-button aw-quiet aw-notes-button"
      title="Notes (M)"
      aria-label={`Notes: ${count}`}
      aria-pressed={view.notes.open.value}
      disabled={!store.layout.value}
      data-aw-notes-button
      onClick={() => view.notes.toggle()}
    >
      <Icon name="note" />
      {count > 0 && <small>{count}</small>}
    </button>
  );
}
