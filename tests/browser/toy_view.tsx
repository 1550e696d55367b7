// A view of its own: tests/browser/test_view_modules.py puts it into a copy of js/src/views.
import { signal } from "@preact/signals";
import type { Handlers, Part } from "../protocol/parts";
import { type Kernel, registerView } from "../store/view_registry";

class Toy implements Part {
  readonly words = signal("nothing yet");
  readonly handles: Handlers = {
    toy: (message) => {
      this.words.value = message.words;
    },
  };

  constructor(readonly kernel: Kernel) {}

  clear(): void {
    this.words.value = "nothing yet";
  }
}

function ToyView({ state }: { state: Toy }) {
  return (
    <section aria-label="Toy">
      <p>The kernel says: {state.words}</p>
      <button type="button" onClick={() => state.kernel.send({ kind: "toy_asked", number: 7 })}>
        Ask
      </button>
    </section>
  );
}

registerView({
  name: "toy",
  title: "Toy",
  makeState: (kernel) => new Toy(kernel),
  Component: ToyView,
});
