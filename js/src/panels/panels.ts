import { batch, computed, effect, type Signal, signal, untracked } from "@preact/signals";
import type { Choices } from "../causes/choices";
import { type Place, samePlace } from "../geometry/place";
import { Mix } from "./mix";
import { Panel, type PanelStore } from "./panel";

const MAX_PANELS = 2;
const FIRST_TAB = "cell";

const isAmong = (places: readonly Place[], place: Place) =>
  places.some((it) => samePlace(it, place));

/** The cells that have a panel, left one first: those that are pinned, then the one opened last. */
export function placesShown(pinned: readonly Place[], opened: Place | null): Place[] {
  const places = opened && !isAmong(pinned, opened) ? [...pinned, opened] : [...pinned];
  return places.slice(0, MAX_PANELS);
}

/**
 * The open panels of a view. A click on a cell opens it in the panel that is not pinned; with one
 * panel pinned, the next cell opens beside it and the two are compared.
 */
export class Panels {
  readonly pinned = signal<readonly Place[]>([]);
  readonly shown = signal<readonly Panel[]>([]);
  /** The tab that is shown: that of the cell itself whenever another one is opened. */
  readonly tab = signal(FIRST_TAB);
  /** Between the two that are compared; null unless there are two. */
  readonly mix = signal<Mix | null>(null);
  /** Opened, but both places are taken by pinned panels. */
  readonly waiting = computed(() => {
    const opened = this.opened.value;
    const taken = this.pinned.value.length === MAX_PANELS && opened && !this.isPinned(opened);
    return taken ? opened : null;
  });
  /** The step of the live picture of the cell opened last. */
  readonly step = computed(() => this.shown.value.at(-1)?.live.value?.state.value.step ?? 0);
  private readonly stopFollowing: () => void;
  private openingRegion = false;

  constructor(
    private readonly store: PanelStore,
    private readonly opened: Signal<Place | null>,
  ) {
    let before = opened.peek();
    this.stopFollowing = effect(() => {
      const places = placesShown(this.pinned.value, opened.value);
      untracked(() => {
        const now = opened.peek();
        const another = now !== null && !samePlace(now, before);
        if (another && !this.openingRegion && this.pinned.peek().length === 0) {
          this.tab.value = FIRST_TAB;
        }
        before = now;
        this.show(places);
      });
    });
  }

  /** Opens the part of a panel that tries out causes, about a region rather than one cell. */
  tryRegion(grid: number, cells: readonly number[], choices: Choices): void {
    const middle = cells[Math.floor(cells.length / 2)];
    if (middle === undefined) return;
    this.openingRegion = true;
    batch(() => {
      choices.region.value = true;
      this.tab.value = "causes";
      if (this.opened.peek() === null) this.opened.value = { grid, cell: middle };
    });
    this.openingRegion = false;
  }

  isPinned(place: Place): boolean {
    return isAmong(this.pinned.value, place);
  }

  pin(place: Place): void {
    if (this.pinned.peek().length >= MAX_PANELS || isAmong(this.pinned.peek(), place)) return;
    batch(() => {
      this.pinned.value = [...this.pinned.peek(), place];
      if (samePlace(this.opened.peek(), place)) this.opened.value = null;
    });
  }

  /** The panel stays, until another cell is opened; where one is already, it closes. */
  unpin(place: Place): void {
    batch(() => {
      this.pinned.value = this.pinned.peek().filter((it) => !samePlace(it, place));
      this.opened.value ??= place;
    });
  }

  close(place: Place): void {
    batch(() => {
      this.pinned.value = this.pinned.peek().filter((it) => !samePlace(it, place));
      if (samePlace(this.opened.peek(), place)) this.opened.value = null;
    });
  }

  /** Close one thing, the latest first: the key Escape. */
  closeOne(): boolean {
    const elsewhere = this.shown.peek().find((panel) => panel.looksElsewhere);
    const last = this.opened.peek() ?? this.pinned.peek().at(-1);
    if (elsewhere) elsewhere.lookAtLive();
    else if (last) this.close(last);
    return Boolean(elsewhere ?? last);
  }

  /** Closes all: the cells that they are about are no more. */
  clear(): void {
    batch(() => {
      this.pinned.value = [];
      this.opened.value = null;
    });
  }

  dispose(): void {
    this.stopFollowing();
    this.show([]);
  }

  private show(places: readonly Place[]): void {
    const before = this.shown.peek();
    const panels = places.map(
      (place) => before.find((it) => samePlace(it.place, place)) ?? new Panel(this.store, place),
    );
    if (panels.length === before.length && panels.every((it, at) => it === before[at])) return;
    for (const panel of before) if (!panels.includes(panel)) panel.dispose();
    const [first, other] = panels;
    const mix = this.mix.peek();
    const stays = mix && samePlace(mix.first, first?.place) && samePlace(mix.other, other?.place);
    batch(() => {
      this.shown.value = panels;
      if (stays) return;
      mix?.dispose();
      this.mix.value = first && other ? new Mix(this.store, first.place, other.place) : null;
    });
  }
}
