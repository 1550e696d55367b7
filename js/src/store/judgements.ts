import { signal } from "@preact/signals";
import { keyOf, type Place } from "../geometry/place";
import type { KernelMessageOf } from "../protocol/messages";
import type { Handlers, Part } from "../protocol/parts";
import type { PictureKey } from "../protocol/picture_key";

/** How a picture reads to a second network. */
export interface Judgement {
  judge: string;
  /** 1 if of all the cells its own is found. */
  rank: number;
  among: number;
  /** The same of the cell's real crops; null where that is not known. */
  cropRank: number | null;
  /** False if the picture was made from the crops that it is judged by. */
  heldOut: boolean;
}

/** The judgements of pictures of one layout; none without a second network. */
export class Judgements implements Part {
  readonly handles: Handlers = { judged: (message) => this.receive(message) };
  readonly version = signal(0);
  /** The second network's name; empty until it has judged. */
  readonly judge = signal("");
  private readonly known = new Map<PictureKey, Judgement>();

  of(place: Place): Judgement | null {
    return this.known.get(keyOf(place)) ?? null;
  }

  /** True if there is a judge that has said nothing of this picture. */
  lacks(place: Place): boolean {
    return this.judge.peek() !== "" && !this.known.has(keyOf(place));
  }

  clear(): void {
    this.known.clear();
    this.version.value++;
  }

  receive(message: KernelMessageOf<"judged">): void {
    const { judge, rank, among, crop_rank: cropRank, held_out: heldOut } = message;
    this.known.set(keyOf(message), { judge, rank, among, cropRank, heldOut });
    this.judge.value = judge;
    this.version.value++;
  }
}
