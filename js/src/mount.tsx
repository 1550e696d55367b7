import { render } from "preact";
import { WidgetProvider } from "./components/context";
import { Root } from "./components/Root";
import { makeHost } from "./page/host";
import { hideStill } from "./page/still";
import type { Store } from "./store/store";
import { View } from "./view/view";

/** Puts one view of the store into an element; what is returned takes it out again. */
export function mount(store: Store, el: HTMLElement): () => void {
  const view = new View(store);
  const { host, inside } = makeHost(el);
  const showStill = hideStill(store.traits.still);
  const frame = document.createElement("div");
  inside.append(frame);
  render(
    <WidgetProvider value={{ store, view, host }}>
      <Root />
    </WidgetProvider>,
    frame,
  );
  return () => {
    render(null, frame);
    host.remove();
    showStill();
  };
}
