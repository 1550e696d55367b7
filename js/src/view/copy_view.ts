import { copyText } from "../page/clipboard";
import { writeOverlay } from "../store/overlay_choice";
import type { View } from "./view";
import { viewLine } from "./view_line";

/** Copies the line of Python that returns to what is looked at now, and shows it. */
export async function copyView(view: View): Promise<void> {
  const { store, navigation } = view;
  const { grid, cells } = store.selection.peek();
  const levels = view.levelMode.peek();
  const opened = view.opened.peek();
  const line = viewLine({
    layer: store.traits.layer.peek(),
    subject: store.traits.subject.peek(),
    viewport: navigation.atHome.peek() ? null : navigation.viewport,
    level: grid,
    fixedLevel: levels === "auto" ? null : levels,
    selection: cells,
    overlay: writeOverlay(store.overlay.peek(), store.classes.names.peek()),
    opened: opened && [opened.grid, opened.cell],
  });
  view.copied.value = { line, done: await copyText(line) };
}
