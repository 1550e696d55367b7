import { placeOf } from "../../store/notes";
import { useWidget } from "../context";

/** Numbered marks on the map, where notes are about cells of this layout. */
export function NoteMarks() {
  const { store, view } = useWidget();
  const camera = view.camera.value;
  const { width, height } = view.size.value;
  if (!view.notes.marks.value) return null;
  const marks = store.notes.all.value.flatMap((note) => {
    const place = note.here ? placeOf(note.about) : null;
    if (!place) return [];
    const x = place.x * camera.k + camera.x;
    const y = place.y * camera.k + camera.y;
    const within = x >= 0 && x <= width && y >= 0 && y <= height;
    return within ? [{ note, x, y }] : [];
  });
  if (marks.length === 0) return null;
  return (
    <div class="aw-note-marks" data-aw-marks={marks.length}>
      {marks.map(({ note, x, y }) => (
        <button
          key={note.id}
          type="button"
          class={`aw-note-number ${view.notes.lit.value === note.id ? "aw-lit" : ""}`}
          style={{ transform: `translate(${x}px, ${y}px) translate(-50%, -50%)` }}
          title={note.text ? `${note.name}: ${note.text}` : note.name}
          aria-label={`Note ${note.number}: ${note.name}`}
          data-aw-mark={note.number}
          onClick={() => {
            if (!view.notes.open.peek()) view.notes.toggle();
            view.notes.light(note.id);
          }}
        >
          {note.number}
        </button>
      ))}
    </div>
  );
}
