import { signal } from "@preact/signals";
import type { Box } from "../geometry/geometry";
import type { Place } from "../geometry/place";
import { MODES } from "../protocol/shared";
import type { Link } from "./link";
import { readBox, readInteger, readSelection } from "./traits";

/** The name of a view that the kernel knows. */
export type Mode = (typeof MODES)[number];

/** The way in which the grid is chosen: by zoom, or always this one. */
export type LevelMode = "auto" | number;

/**
 * The state of a view that the kernel keeps, for a page reload and for Python: where it looks, by which
 * grid, what is open. With several views it is the one that changed last.
 */
export class Remembered {
  /** Requests of Python: each time a new object. */
  readonly flight = signal<{ box: Box } | null>(null);
  readonly wantedLevels = signal<{ levels: LevelMode } | null>(null);
  readonly wantedOpened = signal<{ place: Place | null } | null>(null);
  readonly wantedMode = signal<{ mode: Mode } | null>(null);

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
    link.onTrait("mode", () => {
      this.wantedMode.value = { mode: this.mode };
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

  get mode(): Mode {
    const name = this.link.get("mode");
    return MODES.find((mode) => mode === name) ?? MODES[0];
  }

  set mode(mode: string) {
    if (MODES.some((known) => known === mode)) this.link.set({ mode });
  }

  get opened(): Place | null {
    const numbers = readSelection(this.link.get("opened"));
    return numbers.length === 2 ? { grid: numbers[0], cell: numbers[1] } : null;
  }

  set opened(place: Place | null) {
    this.link.set({ opened: place ? [place.grid, place.cell] : [] });
  }
}
