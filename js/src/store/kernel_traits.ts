import { type Signal, signal } from "@preact/signals";
import type { Link } from "./link";
import { isSame, readSubject, type Subject } from "./subject";
import { type LayerName, readInteger, readLayers, readStatus, type Status } from "./traits";

const DEFAULT_HEIGHT = 600;

/** The traits that are as the kernel says: what it is doing, and of which layer. */
export class KernelTraits {
  readonly status: Signal<Status>;
  readonly layer: Signal<string>;
  readonly layers: Signal<LayerName[]>;
  /** The subject that is wanted; the layout says which is on show. */
  readonly subject: Signal<Subject>;
  readonly height: Signal<number>;
  /** The class of the still picture that stands in for the widget; it never changes. */
  readonly still: string;

  constructor(
    private readonly link: Link,
    onStatus: (status: Status) => void,
  ) {
    this.status = signal(readStatus(link.get("status")));
    this.layer = signal(String(link.get("layer") ?? ""));
    this.layers = signal(readLayers(link.get("layers")));
    this.subject = signal(readSubject(link.get("subject")));
    this.height = signal(readInteger(link.get("height"), DEFAULT_HEIGHT));
    this.still = String(link.get("_still") ?? "");
    link.onTrait("status", (value) => {
      this.status.value = readStatus(value);
      link.connected.value = true;
      onStatus(this.status.peek());
    });
    link.onTrait("layer", (value) => {
      this.layer.value = String(value ?? "");
    });
    link.onTrait("layers", (value) => {
      this.layers.value = readLayers(value);
    });
    link.onTrait("subject", (value) => {
      this.subject.value = readSubject(value);
    });
    link.onTrait("height", (value) => {
      this.height.value = readInteger(value, DEFAULT_HEIGHT);
    });
    onStatus(this.status.peek());
  }

  setLayer(name: string): void {
    this.layer.value = name;
    this.link.set({ layer: name });
  }

  setSubject(subject: Subject): void {
    if (isSame(subject, this.subject.peek())) return;
    this.subject.value = subject;
    this.link.set({ subject: [...subject] });
  }

  setHeight(height: number): void {
    this.height.value = height;
    this.link.set({ height });
  }
}
