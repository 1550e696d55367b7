import { signal } from "@preact/signals";
import type { BrowserMessage, KernelMessageOf } from "../protocol/messages";
import type { Handlers, Part } from "../protocol/parts";
import { MAX_TEXT } from "../protocol/shared";
import { type Canvas, decodeToCanvas } from "../util/decode";
import { shrinkImage } from "../util/shrink";

/** A position of the layer's map for a photo, and where it falls on the atlas. */
export interface PhotoPosition {
  row: number;
  column: number;
  x: number;
  y: number;
  /** To the nearest sample. */
  cosine: number;
  /** Nothing in the atlas is as like it as samples usually are to each other. */
  unusual: boolean;
}

/** A photo, as the model is given it, and its positions. */
export interface PlacedPhoto {
  name: string;
  rows: number;
  columns: number;
  positions: PhotoPosition[];
  picture: Canvas | null;
}

type Send = (message: BrowserMessage, buffers: Uint8Array<ArrayBuffer>[]) => void;

/** The photo whose places are shown. */
export class Photo implements Part {
  readonly handles: Handlers = {
    photo_placed: (message, bytes) => this.receive(message, bytes),
  };
  readonly placed = signal<PlacedPhoto | null>(null);
  private epoch = 0;

  constructor(private readonly send: Send) {}

  /** Asks where a photo falls; rejects a file that is no image. */
  async place(file: Blob, name: string): Promise<void> {
    const bytes = await shrinkImage(file);
    this.send({ kind: "place_photo", name: name.slice(0, MAX_TEXT) }, [bytes]);
  }

  /** It is no longer to be shown, nor to come back after a page reload. */
  remove(): void {
    this.clear();
    this.send({ kind: "remove_photo" }, []);
  }

  clear(): void {
    this.epoch++;
    this.placed.value = null;
  }

  receive(message: KernelMessageOf<"photo_placed">, bytes: Uint8Array | undefined): void {
    const epoch = ++this.epoch;
    const { name, rows, columns, usual } = message;
    const positions = message.positions.map((position, at) => {
      const cosine = message.cosine[at] ?? 0;
      return {
        row: Math.floor(position / columns),
        column: position % columns,
        x: message.x[at] ?? 0,
        y: message.y[at] ?? 0,
        cosine,
        unusual: usual !== null && cosine < usual,
      };
    });
    const placed = { name, rows, columns, positions, picture: null };
    this.placed.value = placed;
    if (!bytes?.length) return;
    decodeToCanvas(bytes)
      .then((picture) => {
        if (epoch === this.epoch) this.placed.value = { ...placed, picture };
      })
      .catch(() => {});
  }
}
