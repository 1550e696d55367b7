import { useSignal } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";
import { MAX_NAME, MAX_NOTE_TEXT } from "../../protocol/shared";
import type { Note, NoteSubject } from "../../store/notes";
import { plural } from "../../util/numbers";
import type { Draft } from "../../view/notes";
import { useWidget } from "../context";
import { CloseButton, IconButton } from "../controls/IconButton";
import { describePlace } from "../words";

/** The list of notes over the view; in a page without a kernel they can only be read. */
export function NotesPanel() {
  const { store, view, host } = useWidget();
  const { open, draft, marks } = view.notes;
  if (!open.value) return null;
  const notes = store.notes.all.value;
  const { words, kept } = store.notes.where.value;
  const writes = store.can("notes");
  const written = draft.value;
  return (
    <section class="aw-notes aw-floating" aria-label="Notes" data-aw-notes={notes.length}>
      <header>
        <strong>Notes</strong>
        <label>
          <input
            type="checkbox"
            checked={marks.value}
            data-aw-note-marks
            onChange={() => {
              marks.value = !marks.peek();
            }}
          />
          on the map
        </label>
        <CloseButton
          onClose={() => {
            view.notes.close();
            host.focus({ preventScroll: true });
          }}
        />
      </header>
      {written?.id === null && <NoteForm key="new" draft={written} />}
      {writes && !written && <NewNote />}
      {notes.length === 0 && !written && (
        <p class="aw-note">
          {writes
            ? "Name what you find: open a cell or a unit, or select a region, and add a note."
            : "There are no notes in this page."}
        </p>
      )}
      <ol>
        {notes.map((note) =>
          written?.id === note.id ? (
            <li key={note.id}>
              <NoteForm draft={written} />
            </li>
          ) : (
            <OneNote key={note.id} note={note} />
          ),
        )}
      </ol>
      {writes && (
        <p class="aw-note" title={words} data-aw-notes-kept={kept}>
          {kept ? "Kept in " : ""}
          {kept ? <code>{words.split(/[\\/]/).slice(-2).join("/")}</code> : words}
        </p>
      )}
    </section>
  );
}

/** The button for a note on what is selected or open. */
function NewNote() {
  const { view } = useWidget();
  const about = useSubject();
  if (!about) return null;
  return (
    <button
      type="button"
      class="aw-button"
      data-aw-new-note
      onClick={() => view.notes.begin(about)}
    >
      Note on {describeSubject(about)}
    </button>
  );
}

/** What a new note would be about: the unit or the cells that one looks at. */
function useSubject(): NoteSubject | null {
  const { store, view } = useWidget();
  const unit = store.unit.value;
  if (view.showing.value === "units") return unit === null ? null : { kind: "unit", unit };
  if (view.showing.value !== "atlas") return null;
  const { grid, cells } = store.selection.value;
  if (cells.length > 0) return { kind: "cells", grid, cells };
  const open = view.opened.value;
  return open && { kind: "cells", grid: open.grid, cells: [open.cell] };
}

function describeSubject(about: NoteSubject): string {
  if (about.kind === "unit") return `unit ${about.unit}`;
  if (about.cells.length === 1) return describePlace(about.grid, about.cells[0]);
  return `${plural(about.cells.length, "cell")} of ${about.grid} × ${about.grid}`;
}

function OneNote({ note }: { note: Note }) {
  const { store, view } = useWidget();
  const writes = store.can("notes");
  const lit = view.notes.lit.value === note.id;
  const item = useRef<HTMLLIElement>(null);
  useEffect(() => {
    if (lit) item.current?.scrollIntoView({ block: "nearest" });
  }, [lit]);
  return (
    <li ref={item} class={lit ? "aw-lit" : ""} data-aw-note={note.id}>
      <button
        type="button"
        class="aw-note-name"
        title={note.here ? "Go there" : "It is about cells of another layout"}
        data-aw-go-to-note
        onClick={() => view.notes.goTo(note)}
      >
        <span class={`aw-note-number ${note.here ? "" : "aw-elsewhere"}`}>{note.number}</span>
        <span>{note.name}</span>
      </button>
      {writes && (
        <span class="aw-note-actions">
          <IconButton
            icon="edit"
            title="Another name or text"
            data-aw-edit-note
            onClick={() => view.notes.edit(note)}
          />
          <IconButton
            icon="bin"
            title="Remove this note"
            data-aw-remove-note
            onClick={() => store.notes.remove(note.id)}
          />
        </span>
      )}
      <small>
        {describeSubject(note.about)}
        {note.here ? "" : " of another layout"}
      </small>
      {note.text && <p>{note.text}</p>}
    </li>
  );
}

function NoteForm({ draft }: { draft: Draft }) {
  const { view, host } = useWidget();
  const name = useSignal(draft.name);
  const text = useSignal(draft.text);
  const field = useRef<HTMLInputElement>(null);
  useEffect(() => field.current?.focus({ preventScroll: true }), []);
  const end = () => {
    view.notes.draft.value = null;
    host.focus({ preventScroll: true });
  };
  const save = () => {
    view.notes.save(name.peek(), text.peek());
    host.focus({ preventScroll: true });
  };
  return (
    <form
      class="aw-note-form"
      onSubmit={(event) => {
        event.preventDefault();
        save();
      }}
      onKeyDown={(event) => {
        if (event.key === "Escape") end();
        else if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) save();
        else return;
        event.preventDefault();
        event.stopPropagation();
      }}
    >
      <small>{describeSubject(draft.about)}</small>
      <input
        ref={field}
        class="aw-input"
        placeholder="Name"
        aria-label="Name of the note"
        maxLength={MAX_NAME}
        value={name.value}
        data-aw-note-name
        onInput={(event) => {
          name.value = event.currentTarget.value;
        }}
      />
      <textarea
        class="aw-input"
        placeholder="What you see, and how you know"
        aria-label="Text of the note"
        rows={3}
        maxLength={MAX_NOTE_TEXT}
        value={text.value}
        data-aw-note-text
        onInput={(event) => {
          text.value = event.currentTarget.value;
        }}
      />
      <span class="aw-note-buttons">
        <button
          type="submit"
          class="aw-button"
          disabled={name.value.trim() === ""}
          data-aw-save-note
        >
          Save
        </button>
        <button type="button" class="aw-button aw-quiet" onClick={end}>
          Cancel
        </button>
      </span>
    </form>
  );
}
