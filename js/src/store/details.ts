import { signal } from "@preact/signals";
import { keyOf, type Place } from "../geometry/place";
import type { BrowserMessage, ClassValue, KernelMessageOf } from "../protocol/messages";
import type { Handlers, Part } from "../protocol/parts";
import type { PictureKey } from "../protocol/picture_key";
import { type Canvas, decodeToCanvas } from "../util/decode";
import { Inspections } from "./inspections";
import { type Profile, readProfile } from "./profile";

/** The origin of a real crop; boxes are left, top, right, bottom in fractions of the image. */
export interface CropInImage {
  name: string;
  /** The network's input, and the part of it that the layer effectively sees. */
  cropBox: number[];
  seenBox: number[];
  /** Their sides in the network's pixels. */
  seen: number;
  input: number;
  /** The reason why there is no image; empty if there is one. */
  note: string;
  /** Author, licence and origin of the image; empty if they are not known. */
  credit: string;
  image: Canvas | null;
}

type DetailMessage = KernelMessageOf<"profile" | "class_values" | "crop_in_image">;

/** Whole images are large; those that were looked at last are kept. */
const MAX_IMAGES = 48;
/** An image that does not come is asked for again after this time (ms). */
const ASK_AGAIN = 3000;

/** The details of single cells, beyond their cards, for open panels. */
export class Details implements Part {
  readonly handles: Handlers = {
    frame: (message, bytes) => this.inspections.receive(message, bytes),
    inspect_failed: (message, bytes) => this.inspections.receive(message, bytes),
    profile: (message, bytes) => this.receive(message, bytes),
    class_values: (message, bytes) => this.receive(message, bytes),
    crop_in_image: (message, bytes) => this.receive(message, bytes),
  };
  /** Counts up with every change, for the panels that read it. */
  readonly version = signal(0);
  readonly inspections: Inspections;
  private readonly profiles = new Map<PictureKey, Profile>();
  private readonly values = new Map<PictureKey, Map<number, ClassValue>>();
  private readonly images = new Map<string, CropInImage>();
  private readonly askedAt = new Map<string, number>();
  private epoch = 0;

  constructor(private readonly send: (message: BrowserMessage) => void) {
    this.inspections = new Inspections(send);
  }

  profile(place: Place): Profile | null {
    return this.profiles.get(keyOf(place)) ?? null;
  }

  /** The attribution of a cell to classes that were asked for, by their numbers. */
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

  receive(message: DetailMessage, bytes: Uint8Array | undefined): void {
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
