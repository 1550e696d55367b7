import { useSignal } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";

/** The value, but changed no more often than every `pace` ms: the last one is never left out. */
export function useSlow<Value>(value: Value, pace: number): Value {
  const shown = useSignal(value);
  const changed = useRef(0);
  useEffect(() => {
    if (shown.peek() === value) return;
    const timer = setTimeout(
      () => {
        changed.current = performance.now();
        shown.value = value;
      },
      Math.max(0, changed.current + pace - performance.now()),
    );
    return () => clearTimeout(timer);
  }, [value]);
  return shown.value;
}
