import { useSignal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import { isKept, keep } from "../page/kept";
import { useWidget } from "./context";

const DONE = "first-steps";

const STEPS = [
  "Point at a cell: its classes, and the real crops behind it",
  "Click on it: a large picture of it is made while you watch",
  "Scroll over the map: finer cells appear as you come nearer",
] as const;

/** Three things to try first, one after the other; each goes once it was done, all of them for good. */
export function FirstSteps() {
  const { store, view } = useWidget();
  const step = useSignal(isKept(DONE) ? STEPS.length : 0);
  const at = step.value;
  const done = [
    view.active.value?.by === "pointer",
    view.opened.value !== null,
    !view.navigation.atHome.value,
  ];
  const reached = at < STEPS.length && done[at];
  const end = () => {
    keep(DONE);
    step.value = STEPS.length;
  };
  useEffect(() => {
    if (!reached) return;
    if (at + 1 === STEPS.length) end();
    else step.value = at + 1;
  }, [reached, at]);
  if (at >= STEPS.length || !store.layout.value?.final || !store.connected.value) return null;
  return (
    <span class="aw-first-steps" data-aw-first-step={at + 1}>
      <b>
        {at + 1} of {STEPS.length}
      </b>
      <span>{STEPS[at]}</span>
      <button type="button" class="aw-link" title="Do not show these steps again" onClick={end}>
        Skip
      </button>
    </span>
  );
}
