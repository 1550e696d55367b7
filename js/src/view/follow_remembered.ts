import { effect, type ReadonlySignal, type Signal } from "@preact/signals";
import type { Place } from "../geometry/place";
import type { LevelMode, Remembered } from "../store/remembered";
import type { Navigation } from "./navigation";

/** The part of a view that Python can set, and reads. */
export interface RememberedHost {
  readonly navigation: Pick<Navigation, "flyToBox">;
  readonly opened: ReadonlySignal<Place | null>;
  /** The name of the view that is shown. */
  readonly showing: Signal<string>;
  /** While its layout is replaced: what goes with it, the kernel forgets by itself. */
  readonly changingLayout: boolean;
  open(place: Place | null): void;
  setLevelMode(mode: LevelMode): void;
}

/** Has a view do what Python asks for, and reports what the view has open. */
export function followRemembered(view: RememberedHost, remembered: Remembered): (() => void)[] {
  let known = false;
  view.showing.value = remembered.mode;
  return [
    effect(() => {
      const flight = remembered.flight.value;
      if (flight) view.navigation.flyToBox(flight.box);
    }),
    effect(() => {
      const wanted = remembered.wantedLevels.value;
      if (wanted) view.setLevelMode(wanted.levels);
    }),
    effect(() => {
      const wanted = remembered.wantedOpened.value;
      if (wanted) view.open(wanted.place);
    }),
    effect(() => {
      const wanted = remembered.wantedMode.value;
      if (wanted) view.showing.value = wanted.mode;
    }),
    effect(() => {
      remembered.mode = view.showing.value;
    }),
    effect(() => {
      const opened = view.opened.value;
      // A view that begins has nothing open yet, which is no news.
      if (known && !view.changingLayout) remembered.opened = opened;
      known = true;
    }),
  ];
}
