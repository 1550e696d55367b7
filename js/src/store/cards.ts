import { signal } from "@preact/signals";

import type { ClassValue, KernelMessageOf } from "../protocol/messages";
import { type Canvas, decodeToCanvas } from "../util/decode";
import { Lru } from "../util/lru";

/**
 * Who wins a cell: one class, two that share it (the stronger one first), or none for certain.
 */
export type Winners = readonly number[];

/** What a cell stands for, with its nearest real crops in one row of tiles. */
export interface Card {
  grid: number;
  cell: number;
  count: number;
  cosine: number | null;
  rank: number | null;
  state: string;
  label: string | null;
  classes: ClassValue[] | null;
  against: ClassValue[] | null;
  crops: number;
  tile: number;
  strip: Canvas | null;
}

/** Their crops are pictures: only the cards that were read last are kept. */
const MOST = 256;

/** Cards and labels of one layout, as far as the kernel has told. */
export class Cards {
  /** Count up with every change, for the panels that read them. */
  readonly version = signal(0);
  readonly labelVersion = signal(0);
  private readonly cards = new Lru<string, Card>(MOST);
  private readonly labels = new Map<number, Map<number, string | null>>();
  private readonly winners = new Map<number, Map<number, Winners>>();
  private epoch = 0;

  get(grid: number, cell: number): Card | null {
    return this.cards.get(`${grid}:${cell}`) ?? null;
  }

  /** A card, without its being read by anybody. */
  peek(grid: number, cell: number): Card | null {
    return this.cards.peek(`${grid}:${cell}`) ?? null;
  }

  label(grid: number, cell: number): string | null {
    return this.labels.get(grid)?.get(cell) ?? null;
  }

  labelsOf(grid: number): ReadonlyMap<number, string | null> {
    return this.labels.get(grid) ?? new Map();
  }

  /** Which classes win which cells, as far as that is known. */
  winnersOf(grid: number): ReadonlyMap<number, Winners> {
    return this.winners.get(grid) ?? new Map();
  }

  clear(): void {
    this.epoch++;
    this.cards.clear();
    this.labels.clear();
    this.winners.clear();
    this.version.value++;
    this.labelVersion.value++;
  }

  receiveLabels(message: KernelMessageOf<"labels">): void {
    const labels = this.labels.get(message.grid) ?? new Map<number, string | null>();
    this.labels.set(message.grid, labels);
    const winners = this.winners.get(message.grid) ?? new Map<number, Winners>();
    this.winners.set(message.grid, winners);
    message.cells.forEach((cell, at) => {
      labels.set(cell, message.labels[at] ?? null);
      const won = [message.winners[at], message.seconds[at]];
      winners.set(
        cell,
        won.filter((of): of is number => typeof of === "number"),
      );
    });
    this.labelVersion.value++;
  }

  receive(message: KernelMessageOf<"card">, bytes: Uint8Array | undefined): void {
    const key = `${message.grid}:${message.cell}`;
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
