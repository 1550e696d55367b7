import { batch, effect, signal, untracked } from "@preact/signals";
import type { Box } from "../geometry/geometry";
import { fromCentre } from "../geometry/geometry";
import type { Grid } from "../geometry/grids";
import { cssOfPixel } from "../overlays/colour";
import { densityOverlay } from "../overlays/density";
import { doubtOverlay } from "../overlays/doubt";
import { fidelityOverlay } from "../overlays/fidelity";
import { influenceOverlay } from "../overlays/influence";
import type { Legend, Overlay } from "../overlays/overlay";
import { topClassOverlay } from "../overlays/top_class";
import { unitOverlay } from "../overlays/unit";
import { isDark } from "../page/theme";
import { Tint } from "../renderer/tint";
import { className, nextOverlay } from "../store/overlay_choice";
import type { Store } from "../store/store";

/** The tint's share of a picture at first. */
const INTENSITY = 0.65;
/** The time that the view rests before what is in view counts (ms). */
const SETTLE = 140;

/** The parts of the store that overlays show, or ask the kernel through. */
export type OverlaySources = Pick<
  Store,
  | "can"
  | "cards"
  | "classes"
  | "diagnoses"
  | "influences"
  | "layout"
  | "overlay"
  | "pictures"
  | "pictureVersion"
  | "realCrops"
  | "units"
>;

/** The ground that overlays lie on: the grid in view, and what is known of its cells. */
export interface OverlayHost {
  readonly store: OverlaySources;
  /** Tracked: read within effects. */
  readonly grid: Grid | null;
  viewport(): Box | null;
}

/** The overlay of one view, and its legend. */
export class OverlayLayer {
  readonly legend = signal<Legend | null>(null);
  readonly intensity = signal(INTENSITY);
  /** Whose influence was shown last. */
  readonly lastClass = signal<number | null>(null);
  private tintNow: Tint | null = null;
  private shown: { grid: Grid; overlay: Overlay } | null = null;
  private colours = new Map<number, number>();
  /** Counts up when the view has come to rest, or its colours are others. */
  private readonly sight = signal(0);
  private timer: ReturnType<typeof setTimeout> | null = null;

  constructor(private readonly ground: OverlayHost) {}

  /** Calls back when something is to be drawn anew; what is returned ends it. */
  attach(redraw: () => void, repaint: () => void): () => void {
    const { store } = this.ground;
    let crops = store.overlay.peek().kind === "crops";
    const stops = [
      effect(() => {
        this.rebuild();
        untracked(redraw);
      }),
      effect(() => {
        void this.intensity.value;
        untracked(redraw);
      }),
      effect(() => {
        const now = store.overlay.value.kind === "crops";
        if (now !== crops) untracked(repaint);
        crops = now;
      }),
      effect(() => this.ask()),
      effect(() => {
        const choice = store.overlay.value;
        if (choice.kind === "influence" && choice.class >= 0) this.lastClass.value = choice.class;
      }),
    ];
    return () => {
      for (const stop of stops) stop();
      store.influences.forget(this);
      store.realCrops.forget(this);
      if (this.timer !== null) clearTimeout(this.timer);
    };
  }

  get tint(): { tint: Tint; strength: number } | null {
    return this.tintNow && { tint: this.tintNow, strength: this.intensity.peek() };
  }

  /** The overlay's words about a cell. */
  words(grid: Grid, cell: number): string | null {
    return this.shown?.grid === grid ? (this.shown.overlay.words?.(cell) ?? null) : null;
  }

  /** The same in full, with its colour; null where the card says as much by itself. */
  sentence(grid: number, cell: number): { text: string; colour: string } | null {
    const { shown } = this;
    const text = shown?.grid.size === grid ? shown.overlay.sentence?.(cell) : null;
    return text && shown ? { text, colour: cssOfPixel(shown.overlay.colour(cell)) } : null;
  }

  /** The camera has moved, or other cells are there: what is in view is looked up once it rests. */
  moved(): void {
    if (this.timer !== null) clearTimeout(this.timer);
    this.timer = setTimeout(() => {
      this.sight.value++;
    }, SETTLE);
  }

  /** The next overlay, or the one before. */
  turn(by: 1 | -1): void {
    const { overlay, classes } = this.ground.store;
    const some = classes.names.peek().length > 0;
    overlay.value = nextOverlay(overlay.peek(), by, this.lastClass.peek(), some, (ability) =>
      this.ground.store.can(ability),
    );
  }

  /** Another theme. */
  recolour(): void {
    this.sight.value++;
  }

  private rebuild(): void {
    const grid = this.ground.grid;
    const overlay = grid && this.make(grid);
    this.shown = grid && overlay ? { grid, overlay } : null;
    this.tintNow = grid && overlay ? new Tint(grid, overlay) : null;
    this.legend.value = overlay?.legend ?? this.plainLegend();
  }

  private make(grid: Grid): Overlay | null {
    const { store } = this.ground;
    const choice = store.overlay.value;
    const dark = isDark();
    void this.sight.value;
    switch (choice.kind) {
      case "density":
        return densityOverlay(grid);
      case "doubt":
        void store.diagnoses.version.value;
        return doubtOverlay(grid, store.diagnoses.ofGrid(grid.size));
      case "fidelity":
        void store.pictureVersion.value;
        return fidelityOverlay((cell) => store.pictures.get(grid.key(cell)));
      case "top class": {
        void store.cards.labelVersion.value;
        if (store.classes.reason.value) return null;
        const overlay = topClassOverlay(
          this.inView(grid),
          store.cards.winnersOf(grid.size),
          store.classes.names.value,
          this.colours,
          dark,
        );
        this.colours = overlay.colours;
        return overlay;
      }
      case "influence": {
        void store.influences.version.value;
        if (choice.class < 0) return null;
        const gains = store.influences.of(choice.class, grid.size);
        const waiting = store.influences.waitingFor(choice.class, grid.size);
        const name = className(store.classes.names.value, choice.class);
        const without = store.influences.withoutValue(choice.class, grid.size).size;
        return influenceOverlay(name, gains, { waiting, without }, dark);
      }
      case "unit": {
        void store.units.valuesVersion.value;
        const layer = store.layout.value?.layer ?? "";
        const values = untracked(() => store.units.valuesOf(choice.unit, grid.size));
        return unitOverlay(layer, choice.unit, grid, values, dark);
      }
      default:
        return null;
    }
  }

  /** Overlays without colours, and those that cannot be shown, say so in words. */
  private plainLegend(): Legend | null {
    const { store } = this.ground;
    const { kind } = store.overlay.value;
    if (kind === "crops") {
      return {
        title: "Real crops",
        about: "",
        notes: [
          {
            colour: "transparent",
            text: "In place of its picture each cell shows the sample that is nearest to its mean.",
          },
        ],
      };
    }
    if (kind !== "top class" && kind !== "influence") return null;
    return {
      title: kind === "influence" ? "Influence" : "Top class",
      about: "",
      notes: [{ colour: "transparent", text: store.classes.inPlace.value }],
    };
  }

  /** Asks the kernel for what the overlay shows of the cells in view. */
  private ask(): void {
    const grid = this.ground.grid;
    const { store } = this.ground;
    const choice = store.overlay.value;
    void this.sight.value;
    untracked(() =>
      batch(() => {
        if (!grid) return;
        if (choice.kind === "influence" && choice.class >= 0) {
          store.influences.want(this, choice.class, grid.size, this.inView(grid));
        } else {
          store.influences.forget(this);
        }
        if (choice.kind === "doubt") store.diagnoses.wantGrid(grid.size);
        if (choice.kind === "crops") store.realCrops.want(this, grid.size, this.inView(grid));
        else store.realCrops.forget(this);
      }),
    );
  }

  private inView(grid: Grid): number[] {
    const box = this.ground.viewport();
    return box ? fromCentre(grid.inBox(box), grid.size, box) : [];
  }
}
