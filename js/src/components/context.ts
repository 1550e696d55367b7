import { createContext } from "preact";
import { useContext } from "preact/hooks";
import type { Store } from "../store/store";
import type { View } from "../view/view";

export interface Widget {
  store: Store;
  view: View;
  /** The element that the page sees, and that has the focus while no control has it. */
  host: HTMLElement;
}

const WidgetContext = createContext<Widget | null>(null);
export const WidgetProvider = WidgetContext.Provider;

export function useWidget(): Widget {
  const widget = useContext(WidgetContext);
  if (!widget) throw new Error("used outside of the widget");
  return widget;
}
