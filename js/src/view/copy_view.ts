import { copyText } from "../page/clipboard";
import { writeAddress } from "../saved/address";
import { writeOverlay } from "../store/overlay_choice";
import type { View } from "./view";
import { viewLine } from "./view_line";

/** Copies what returns to what is looked at now, and shows it: a line of Python, or a page's link. */
export async function copyView(view: View): Promise<void> {
  const line = view.store.can("python") ? lineOf(view) : linkOf(view);
  view.copied.value = { line, done: await copyText(line) };
}

function linkOf(view: View): string {
  const { store, navigation } = view;
  const { grid, cells } = store.selection.peek();
  const levels = view.levelMode.peek();
  const opened = view.opened.peek();
  const hash = writeAddress({
    viewport: navigation.atHome.peek() ? null : navigation.viewport,
    fixed_level: levels === "auto" ? null : levels,
    level: grid,
    selection: cells,
    overlay: writeOverlay(store.overlay.peek(), store.classes.names.peek()),
    opened: opened && [opened.grid, opened.cell],
    note: store.note.peek(),
    unit: view.showing.peek() === "units" ? store.unit.peek() : null,
  });
  return `${location.href.split("#")[0]}#${hash}`;
}

function lineOf(view: View): string {
  const { store, navigation } = view;
  const { grid, cells } = store.selection.peek();
  const levels = view.levelMode.peek();
  const opened = view.opened.peek();
  return viewLine({
    layer: store.traits.layer.peek(),
    subject: store.traits.subject.peek(),
    viewport: navigation.atHome.peek() ? null : navigation.viewport,
    level: grid,
    fixedLevel: levels === "auto" ? null : levels,
    selection: cells,
    overlay: writeOverlay(store.overlay.peek(), store.classes.names.peek()),
    opened: opened && [opened.grid, opened.cell],
  });
}
