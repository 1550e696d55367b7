import type { AnyModel } from "@anywidget/types";
import { mount } from "./mount";
import { Store } from "./store/store";

/**
 * A function rather than an object: anywidget calls it once a model, so that `initialize` and
 * `render` (which are handed different proxies of that model) share one store.
 */
export default function atlasWidget() {
  let store: Store | null = null;
  return {
    initialize({ model }: { model: AnyModel }) {
      const mine = new Store(model);
      store = mine;
      return () => mine.dispose();
    },
    render({ model, el }: { model: AnyModel; el: HTMLElement }) {
      store ??= new Store(model);
      return mount(store, el);
    },
  };
}
