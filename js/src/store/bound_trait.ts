import { effect, type Signal, signal } from "@preact/signals";
import type { Link } from "./link";

/** A trait as a signal, in both directions; `stop` ends it. */
export function bindTrait<Value>(
  link: Link,
  name: string,
  read: (value: unknown) => Value,
): { value: Signal<Value>; stop: () => void } {
  const value = signal(read(link.get(name)));
  link.onTrait(name, (changed) => {
    value.value = read(changed);
  });
  const stop = effect(() => {
    const wanted = value.value;
    if (link.get(name) !== undefined) link.set({ [name]: wanted });
  });
  return { value, stop };
}
