import type { Signal } from "@preact/signals";
import { targetOf } from "../page/host";
import { FIRST_VIEW } from "../store/view_registry";
import type { View } from "../view/view";
import { chordOf, commandFor, type KeyActions } from "./keymap";

/** Keys whose meaning belongs to the control that has the focus. */
const OF_CONTROLS = /^(Enter| |(shift\+)?Arrow.*|Home|End)$/;

/** Keys that mean the same in every view; all others are about the atlas. */
const IN_EVERY_VIEW = /^(Escape|f|m|\?|\[|\]|alt\+Arrow(Left|Right))$/;

/** Acts on a key pressed while the widget has the focus; true if it meant something here. */
export function handleKey(event: KeyboardEvent, view: View, actions: KeyActions): boolean {
  const target = targetOf(event);
  const chord = chordOf(event);
  if (target.matches("input, textarea, select") && chord !== "Escape") return false;
  if (target.matches("button, a, [role=separator]") && OF_CONTROLS.test(chord)) return false;
  if (view.showing.peek() !== FIRST_VIEW && !IN_EVERY_VIEW.test(chord)) return false;
  const command = commandFor(chord);
  return command !== null && command.run(view, actions, chord) !== false;
}

/** Escape ends one thing at a time, the most recent kind first; false if there is nothing. */
export function closeOne(view: View, help: Signal<boolean>): boolean {
  if (view.cancelGesture()) return true;
  if (help.peek()) {
    help.value = false;
  } else if (view.notes.close()) {
    return true;
  } else if (view.panels.closeOne()) {
    return true;
  } else if (view.active.peek()?.by === "keyboard") {
    view.active.value = null;
  } else if (view.tool.peek() !== "pan") {
    view.tool.value = "pan";
  } else {
    return view.selecting.clear();
  }
  return true;
}
