import { signal } from "@preact/signals";
import { keyOf } from "../geometry/place";
import type { ClassValue, KernelMessageOf } from "../protocol/messages";
import type { Handlers, Part } from "../protocol/parts";
import { cellKey, type PictureKey } from "../protocol/picture_key";
import { type Canvas, decodeToCanvas } from "../util/decode";
import { Lru } from "../util/lru";

/**
 * The winners of a cell: one class, two that share it (the stronger one first), or none for certain.
 */
export type Winners = readonly number[];

/** The card of a cell, with its nearest real crops in one row of tiles. */
export interface Card {
  grid: number;
  cell: number;
  count: number;
  cosine: number | null;
  rank: number | null;
  state: string;
  /** What its picture was made with; empty while it has none of its own. */
  made: string;
  label: string | null;
  /** The reason why there is no label; empty while that is not known. */
  why_not: string;
  /** What its crops look like, where it is named after no class and they agree. */
  look: string;
  /** How far an image’s first class usually leads, in logits. */
  lead: number | null;
  classes: ClassValue[] | null;
  against: ClassValue[] | null;
  crops: number;
  tile: number;
  strip: Canvas | null;
}

/** Their crops are pictures: only the cards that were read last are kept. */
const MAX_CARDS = 256;

/** Cards and labels of one layout, as far as the kernel has told. */
export class Cards implements Part {
  readonly handles: Handlers = {
    card: (message, bytes) => this.receive(message, bytes),
    labels: (message) => this.receiveLabels(message),
  };
  /** Count up with every change, for the panels that read them. */
  readonly version = signal(0);
  readonly labelVersion = signal(0);
  private readonly cards = new Lru<PictureKey, Card>(MAX_CARDS);
  private readonly labels = new Map<PictureKey, string | null>();
  private readonly winners = new Map<number, Map<number, Winners>>();
  private readonly leading = new Map<number, Map<number, number>>();
  private epoch = 0;

  get(key: PictureKey): Card | null {
    return this.cards.get(key) ?? null;
  }

  /** A card, without its being read by anybody. */
  peek(key: PictureKey): Card | null {
    return this.cards.peek(key) ?? null;
  }

  label(key: PictureKey): string | null {
    return this.labels.get(key) ?? null;
  }

  /** The classes that win each cell, as far as that is known. */
  winnersOf(grid: number): ReadonlyMap<number, Winners> {
    return this.winners.get(grid) ?? new Map();
  }

  /** The class that each cell argues for most, certain or not. */
  leadingOf(grid: number): ReadonlyMap<number, number> {
    return this.leading.get(grid) ?? new Map();
  }

  clear(): void {
    this.epoch++;
    this.leading.clear();
    this.cards.clear();
    this.labels.clear();
    this.winners.clear();
    this.version.value++;
    this.labelVersion.value++;
  }

  receiveLabels(message: KernelMessageOf<"labels">): void {
    const winners = this.winners.get(message.grid) ?? new Map<number, Winners>();
    this.winners.set(message.grid, winners);
    const leading = this.leading.get(message.grid) ?? new Map<number, number>();
    this.leading.set(message.grid, leading);
    message.cells.forEach((cell, at) => {
      this.labels.set(cellKey(message.grid, cell), message.labels[at] ?? null);
      const first = message.leading[at];
      if (typeof first === "number") leading.set(cell, first);
      const won = [message.winners[at], message.seconds[at]];
      winners.set(
        cell,
        won.filter((of): of is number => typeof of === "number"),
      );
    });
    this.labelVersion.value++;
  }

  receive(message: KernelMessageOf<"card">, bytes: Uint8Array | undefined): void {
    const key = keyOf(message);
    const { epoch } = this;
    this.cards.set(key, { ...message, strip: this.cards.peek(key)?.strip ?? null });
    this.version.value++;
    if (!bytes?.length || message.crops === 0) return;
    decodeToCanvas(bytes)
      .then((strip) => {
        const card = this.cards.peek(key);
        if (!card || epoch !== this.epoch) return;
        this.cards.set(key, { ...card, strip });
        this.version.value++;
      })
      .catch(() => {});
  }
}
