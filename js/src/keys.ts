import type { Signal } from "@preact/signals";
import { targetOf } from "./host";
import type { View } from "./view";

export interface KeyActions {
  help: Signal<boolean>;
  fullscreen(): void;
  search(): void;
}

const ARROWS: Record<string, [number, number]> = {
  ArrowUp: [-1, 0],
  ArrowDown: [1, 0],
  ArrowLeft: [0, -1],
  ArrowRight: [0, 1],
};

const ZOOM = 1.7;

/** Acts on a key pressed while the widget has the focus; true if it meant something here. */
export function handleKey(event: KeyboardEvent, view: View, actions: KeyActions): boolean {
  const target = targetOf(event);
  const typing = target.matches("input, textarea, select");
  if (event.key === "Escape") return closeOne(view, actions);
  if (typing) return false;
  const arrow = ARROWS[event.key];
  if (arrow) {
    view.step(...arrow);
    return true;
  }
  if ((event.ctrlKey || event.metaKey) && event.key.toLowerCase() === "a") {
    view.selectAllInView();
    return true;
  }
  if (event.ctrlKey || event.metaKey || event.altKey) return false;
  switch (event.key) {
    case "Enter":
    case " ": {
      if (target.matches("button")) return false; // the button's own press
      const active = view.active.peek();
      if (!active) return false;
      view.opened.value = { grid: active.grid, cell: active.cell };
      return true;
    }
    case "+":
    case "=":
      view.navigation.zoomBy(ZOOM);
      return true;
    case "-":
    case "−":
    case "_":
      view.navigation.zoomBy(1 / ZOOM);
      return true;
    case "0":
    case "Home":
      view.navigation.home();
      return true;
    case "p":
    case "P":
      view.tool.value = "pan";
      return true;
    case "r":
    case "R":
      view.tool.value = "rectangle";
      return true;
    case "l":
    case "L":
      view.tool.value = "lasso";
      return true;
    case "g":
    case "G":
      view.nextLevelMode();
      return true;
    case "v":
    case "V":
      view.overlays.turn(event.shiftKey ? -1 : 1);
      return true;
    case "f":
    case "F":
      actions.fullscreen();
      return true;
    case "/":
      actions.search();
      return true;
    case "?":
      actions.help.value = !actions.help.value;
      return true;
    default:
      return false;
  }
}

/** Escape undoes one thing at a time, the most recent kind first. */
function closeOne(view: View, actions: KeyActions): boolean {
  if (view.cancelGesture()) return true;
  if (actions.help.peek()) {
    actions.help.value = false;
  } else if (view.opened.peek()) {
    view.opened.value = null;
  } else if (view.active.peek()?.by === "keyboard") {
    view.active.value = null;
  } else if (view.tool.peek() !== "pan") {
    view.tool.value = "pan";
  } else if (view.store.selection.peek().cells.length > 0) {
    view.selecting.clear();
  } else {
    return false;
  }
  return true;
}
