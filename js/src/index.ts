import type { AnyModel } from "@anywidget/types";
import { mount } from "./mount";
import { Store } from "./store/store";
import "./views";

/**
 * A function rather than an object: anywidget calls it once a model, so that `initialize` and
 * `render` (which are handed different proxies of that model) share one store.
 */
export default function atlasWidget() {
  let store: Store | null = null;
  /** The number of displays of each store that no `initialize` has made. */
  const displays = new Map<Store, number>();
  const end = (ended: Store) => {
    ended.dispose();
    if (store === ended) store = null;
  };
  return {
    initialize({ model }: { model: AnyModel }) {
      const mine = new Store(model);
      store = mine;
      return () => end(mine);
    },
    render({ model, el }: { model: AnyModel; el: HTMLElement }) {
      if (store === null) {
        store = new Store(model);
        displays.set(store, 0);
      }
      const mine = store;
      const count = displays.get(mine);
      if (count !== undefined) displays.set(mine, count + 1);
      const unmount = mount(mine, el);
      return () => {
        unmount();
        const left = displays.get(mine);
        if (left === undefined) return;
        displays.set(mine, left - 1);
        if (left > 1) return;
        displays.delete(mine);
        end(mine);
      };
    },
  };
}
