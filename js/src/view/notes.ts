import { batch, type Signal, signal } from "@preact/signals";
import type { Note, NoteSubject } from "../store/notes";
import type { Store } from "../store/store";
import type { Navigation } from "./navigation";

/** A note that is written: a new one, or another version of one that is there. */
export interface Draft {
  id: string | null;
  about: NoteSubject;
  name: string;
  text: string;
}

/** The view that the list belongs to. */
export interface NotesHost {
  readonly store: Pick<Store, "notes" | "note" | "unit" | "can" | "savedUnits">;
  readonly navigation: Pick<Navigation, "flyToCells">;
  readonly showing: Signal<string>;
  readonly found: Signal<{ grid: number; cells: Set<number> } | null>;
}

/** The list of notes in a view: whether it is open, what is written, which note is lit. */
export class NotesList {
  readonly open = signal(false);
  readonly draft = signal<Draft | null>(null);
  /** The note that was gone to, of what this view did itself. */
  private gone = "";
  /** Their marks are on the map. */
  readonly marks = signal(true);

  constructor(private readonly view: NotesHost) {}

  /** The id of the note that was gone to last; empty for none. */
  get lit(): Signal<string> {
    return this.view.store.note;
  }

  /** Lights a note up. */
  light(id: string): void {
    this.gone = id;
    this.lit.value = id;
  }

  /** Goes to the note that an address names. */
  follow(notes: readonly Note[]): void {
    const id = this.lit.peek();
    const note = notes.find((each) => each.id === id);
    if (!note || id === this.gone) return;
    this.open.value = true;
    this.goTo(note);
  }

  toggle(): void {
    if (this.open.peek()) this.close();
    else {
      this.open.value = true;
      if (this.view.store.can("notes")) this.view.store.notes.refresh();
    }
  }

  /** Closes the list; false if it was not open. */
  close(): boolean {
    const was = this.open.peek();
    batch(() => {
      this.open.value = false;
      this.draft.value = null;
      this.light("");
    });
    return was;
  }

  /** Begins a note on cells or on a unit. */
  begin(about: NoteSubject): void {
    batch(() => {
      if (!this.open.peek()) this.toggle();
      this.draft.value = { id: null, about, name: "", text: "" };
    });
  }

  edit({ id, about, name, text }: Note): void {
    this.draft.value = { id, about, name, text };
  }

  /** Keeps what is written. */
  save(name: string, text: string): void {
    const draft = this.draft.peek();
    if (!draft || name.trim() === "") return;
    if (draft.id === null) this.view.store.notes.add(draft.about, name, text);
    else this.view.store.notes.change(draft.id, name, text);
    this.draft.value = null;
  }

  /** Goes to what a note is about. */
  goTo({ id, about, here }: Note): void {
    this.light(id);
    if (!here) return;
    const { view } = this;
    if (about.kind === "unit") {
      if (!(view.store.savedUnits?.includes(about.unit) ?? true)) return; // not in this page
      view.showing.value = "units";
      view.store.unit.value = about.unit;
      return;
    }
    view.showing.value = "atlas";
    view.navigation.flyToCells(about.grid, about.cells);
    view.found.value = { grid: about.grid, cells: new Set(about.cells) };
  }
}
