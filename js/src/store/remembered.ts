import { effect, signal } from "@preact/signals";
import type { Box } from "../geometry/geometry";
import type { LevelMode, Place, View } from "../view/view";
import type { Link } from "./link";
import { readBox, readInteger, readSelection } from "./traits";

/**
 * What the kernel remembers of the view, for a page reload and for Python: where it looks, by which
 * grid, what is open. With several views it is the one that changed last.
 */
export class Remembered {
  /** What Python asked for: each time a new object. */
  readonly flight = signal<{ box: Box } | null>(null);
  readonly wantedLevels = signal<{ levels: LevelMode } | null>(null);
  readonly wantedOpened = signal<{ place: Place | null } | null>(null);

  constructor(private readonly link: Link) {
    link.onTrait("viewport", () => {
      const box = this.viewport;
      if (box) this.flight.value = { box };
    });
    link.onTrait("fixed_level", () => {
      this.wantedLevels.value = { levels: this.levels };
    });
    link.onTrait("opened", () => {
      this.wantedOpened.value = { place: this.opened };
    });
  }

  get viewport(): Box | null {
    return readBox(this.link.get("viewport"));
  }

  set viewport(box: Box) {
    this.link.set({ viewport: box });
  }

  get levels(): LevelMode {
    const level = readInteger(this.link.get("fixed_level"), 0);
    return level > 0 ? level : "auto";
  }

  set levels(levels: LevelMode) {
    this.link.set({ fixed_level: levels === "auto" ? null : levels });
  }

  get opened(): Place | null {
    const numbers = readSelection(this.link.get("opened"));
    return numbers.length === 2 ? { grid: numbers[0], cell: numbers[1] } : null;
  }

  set opened(place: Place | null) {
    this.link.set({ opened: place ? [place.grid, place.cell] : [] });
  }
}

/** Has a view do what Python asks for, and tells what the view has open. */
export function followRemembered(view: View): (() => void)[] {
  const { remembered } = view.store;
  let known = false;
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
      const opened = view.opened.value;
      // A view that begins has nothing open yet, which is no news.
      if (known && !view.changingLayout) remembered.opened = opened;
      known = true;
    }),
  ];
}
