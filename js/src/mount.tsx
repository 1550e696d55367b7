import { render } from "preact";
import type { Store } from "./store";

export function mount(_store: Store, el: HTMLElement): () => void {
  render(<div class="aw-root" />, el);
  return () => render(null, el);
}
