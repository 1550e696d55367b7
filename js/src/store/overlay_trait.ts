import { effect, type ReadonlySignal, type Signal, signal } from "@preact/signals";
import type { Link } from "./link";
import { type OverlayChoice, readOverlay, writeOverlay } from "./overlay_choice";

/** The trait `overlay` as a signal, in both directions; `stop` ends it. */
export function bindOverlay(
  link: Link,
  names: ReadonlySignal<readonly string[]>,
): { choice: Signal<OverlayChoice>; stop: () => void } {
  const choice = signal(readOverlay(link.get("overlay"), names.peek()));
  link.onTrait("overlay", (value) => {
    choice.value = readOverlay(value, names.peek());
  });
  const unnamed = () => {
    const now = choice.peek();
    return now.kind === "influence" && now.class < 0;
  };
  const stops = [
    // After a page reload the trait is there before the names of the classes are.
    effect(() => {
      const known = names.value;
      if (unnamed()) choice.value = readOverlay(link.get("overlay"), known);
    }),
    effect(() => {
      const wanted = choice.value;
      if (link.get("overlay") === undefined || unnamed()) return;
      link.set({ overlay: writeOverlay(wanted, names.peek()) });
    }),
  ];
  return {
    choice,
    stop: () => {
      for (const stop of stops) stop();
    },
  };
}
