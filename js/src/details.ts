import { signal } from "@preact/signals";
import { type Canvas, decodeToCanvas } from "./decode";
import { Inspections } from "./inspections";
import type { BrowserMessage, ClassValue, KernelMessageOf } from "./messages";
import { type Profile, readProfile } from "./profile";
import type { Place } from "./view/view";

/** Where a real crop comes from; boxes are left, top, right, bottom in fractions of the image. */
export interface CropInImage {
  name: string;
  /** What the network was given, and what of it the layer effectively sees. */
  cropBox: number[];
  seenBox: number[];
  /** Their sides in the network's pixels. */
  seen: number;
  input: number;
  /** Why there is no image; empty if there is one. */
  note: string;
  /** Author, licence and origin of the image; empty if they are not known. */
  credit: string;
  image: Canvas | null;
}

export type DetailMessage = KernelMessageOf<
  "frame" | "inspect_failed" | "profile" | "class_values" | "crop_in_image"
>;

/** Whole images are large; those that were looked at last are kept. */
const MAX_IMAGES = 48;
/** An image that does not come is asked for again after this time (ms). */
const ASK_AGAIN = 3000;

const keyOf = ({ grid, cell }: Place) => `${grid}:${cell}`;

/** What open panels know of single cells beyond their cards. */
export class Details {
  /** Counts up with every change, for the panels that read it. */
  readonly version = signal(0);
  readonly inspections: Inspections;
  private readonly profiles = new Map<string, Profile>();
  private readonly values = new Map<string, Map<number, ClassValue>>();
  private readonly images = new Map<string, CropInImage>();
  private readonly askedAt = new Map<string, number>();
  private epoch = 0;

  constructor(private readonly send: (message: BrowserMessage) => void) {
    this.inspections = new Inspections(send);
  }

  profile(place: Place): Profile | null {
    return this.profiles.get(keyOf(place)) ?? null;
  }

  /** What a cell argues for single classes that were asked for, by their numbers. */
  classValues(place: Place): ReadonlyMap<number, ClassValue> {
    return this.values.get(keyOf(place)) ?? new Map();
  }

  cropInImage(place: Place, crop: number): CropInImage | null {
    return this.images.get(`${keyOf(place)}:${crop}`) ?? null;
  }

  wantClassValues({ grid, cell }: Place, classes: number[]): void {
    if (classes.length > 0) this.send({ kind: "class_values", grid, cell, classes });
  }

  wantCropInImage(place: Place, crop: number): void {
    const key = `${keyOf(place)}:${crop}`;
    const asked = this.askedAt.get(key) ?? Number.NEGATIVE_INFINITY;
    if (this.images.has(key) || Date.now() - asked < ASK_AGAIN) return;
    this.askedAt.set(key, Date.now());
    this.send({ kind: "crop_in_image", ...place, crop });
  }

  clear(): void {
    this.epoch++;
    this.profiles.clear();
    this.values.clear();
    this.images.clear();
    this.askedAt.clear();
    this.version.value++;
  }

  receive(message: DetailMessage, bytes: Uint8Array | undefined, revision: number): void {
    if (message.kind === "frame" || message.kind === "inspect_failed") {
      this.inspections.receive(message, bytes);
      return;
    }
    if (message.revision !== revision) return;
    const key = keyOf(message);
    if (message.kind === "profile") {
      const profile = readProfile(bytes, message.channels);
      if (profile) this.profiles.set(key, profile);
    } else if (message.kind === "class_values") {
      const values = this.values.get(key) ?? new Map<number, ClassValue>();
      for (const value of message.classes ?? []) values.set(value.index, value);
      this.values.set(key, values);
    } else {
      this.receiveImage(`${key}:${message.crop}`, message, bytes);
    }
    this.version.value++;
  }

  private receiveImage(
    key: string,
    message: KernelMessageOf<"crop_in_image">,
    bytes: Uint8Array | undefined,
  ): void {
    const { name, seen, input, note, credit } = message;
    const cropBox = message.crop_box.map((edge) => edge ?? 0);
    const seenBox = message.seen_box.map((edge) => edge ?? 0);
    const found = { name, cropBox, seenBox, seen, input, note, credit, image: null };
    this.images.set(key, found);
    this.askedAt.delete(key);
    for (const oldest of this.images.keys()) {
      if (this.images.size <= MAX_IMAGES) break;
      this.images.delete(oldest);
    }
    if (!bytes?.length) return;
    const { epoch } = this;
    decodeToCanvas(bytes)
      .then((image) => {
        if (epoch !== this.epoch) return;
        this.images.set(key, { ...found, image });
        this.version.value++;
      })
      .catch(() => {});
  }
}
