import { render } from "preact";
import { WidgetProvider } from "./components/context";
import { Root } from "./components/Root";
import type { Store } from "./store";
import { View } from "./view";

/** Puts one view of the store into an element; what is returned takes it out again. */
export function mount(store: Store, el: HTMLElement): () => void {
  const view = new View(store);
  // The page's own style sheets reach into outputs: this box of ours shields what is inside.
  el.classList.add("aw-output");
  render(
    <WidgetProvider value={{ store, view }}>
      <Root />
    </WidgetProvider>,
    el,
  );
  return () => render(null, el);
}
