import { effect, type ReadonlySignal, signal, untracked } from "@preact/signals";
import type { CausalTest } from "../causes/causal_test";
import type { PatchTest } from "../causes/patch_test";
import type { Running } from "../causes/running";
import type { Place } from "../geometry/place";
import { keyOf } from "../geometry/place";
import type { PictureKey } from "../protocol/picture_key";
import type { Details } from "../store/details";
import type { LivePictures } from "../store/inspections";

/** The part of the store that an open panel needs. */
export interface PanelStore {
  readonly connected: ReadonlySignal<boolean>;
  readonly details: Details;
  wantCard(place: Place): void;
}

/** The content of a panel's large frame: one of these pictures, or a crop within its image. */
export type Looking =
  | { kind: "live" }
  | { kind: "variant"; at: number }
  | { kind: "crop"; at: number };

/** The pause between requests for what is still missing on the card (ms). */
const ASK_AGAIN = 1500;
export const MORE_STEPS = 64;
export const VARIANTS = 4;

const LIVE: Looking = { kind: "live" };
const same = (a: Looking | null, b: Looking) => JSON.stringify(a) === JSON.stringify(b);

/** One cell that is open, from the click on: what a panel shows survives its being moved about. */
export class Panel {
  readonly seed = signal(0);
  readonly live = signal<LivePictures | null>(null);
  readonly variants = signal<LivePictures | null>(null);
  /** The experiments with the cell. */
  readonly tried = signal<Running<CausalTest> | null>(null);
  readonly patched = signal<Running<PatchTest> | null>(null);
  /** The content chosen for the frame, and that under the pointer meanwhile. */
  private readonly chosen = signal<Looking>(LIVE);
  private readonly glimpsed = signal<Looking | null>(null);
  private readonly endings: (() => void)[] = [];

  constructor(
    private readonly store: PanelStore,
    readonly place: Place,
  ) {
    const ask = () => store.wantCard(place);
    ask();
    const asking = setInterval(ask, ASK_AGAIN);
    this.endings.push(
      () => clearInterval(asking),
      effect(() => {
        // A kernel that comes back knows nothing of what was asked before.
        const seed = this.seed.value;
        if (!store.connected.value) return;
        const live = store.details.inspections.open(place, seed);
        this.live.value = live;
        return () => live.stop();
      }),
      effect(() => {
        if (!store.connected.value) untracked(() => this.dropUnfinishedVariants());
      }),
    );
  }

  get key(): PictureKey {
    return keyOf(this.place);
  }

  get looking(): Looking {
    return this.glimpsed.value ?? this.chosen.value;
  }

  /** True if something else than the live picture was chosen. */
  get looksElsewhere(): boolean {
    return this.chosen.value.kind !== "live";
  }

  isChosen(looking: Looking): boolean {
    return same(this.chosen.value, looking);
  }

  /** Chooses what to look at; chosen once more, it is the live picture again. */
  choose(looking: Looking): void {
    this.chosen.value = same(this.chosen.peek(), looking) ? LIVE : looking;
    this.glimpsed.value = null;
    this.wantImage(looking);
  }

  lookAtLive(): void {
    this.chosen.value = LIVE;
    this.glimpsed.value = null;
  }

  /** Shows something as long as the pointer rests on it. */
  glimpse(looking: Looking | null): void {
    if (looking) this.wantImage(looking);
    this.glimpsed.value = looking;
  }

  anotherSeed(): void {
    this.lookAtLive();
    this.seed.value++;
  }

  toggleVariants(): void {
    const before = this.variants.peek();
    if (before) {
      before.stop();
      this.variants.value = null;
      if (this.chosen.peek().kind === "variant") this.lookAtLive();
    } else {
      const { inspections } = this.store.details;
      this.variants.value = inspections.variants(this.place, this.seed.peek(), VARIANTS);
    }
  }

  dispose(): void {
    for (const end of this.endings) end();
    this.variants.peek()?.stop();
    this.tried.peek()?.stop();
    this.patched.peek()?.stop();
  }

  private wantImage(looking: Looking): void {
    if (looking.kind === "crop" && this.store.connected.peek()) {
      this.store.details.wantCropInImage(this.place, looking.at);
    }
  }

  private dropUnfinishedVariants(): void {
    const variants = this.variants.peek();
    if (!variants || variants.state.peek().done) return;
    variants.stop();
    this.variants.value = null;
  }
}
