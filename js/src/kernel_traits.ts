import { type Signal, signal } from "@preact/signals";
import type { Link } from "./link";
import { type LayerName, readInteger, readLayers, readStatus, type Status } from "./traits";

const DEFAULT_HEIGHT = 600;

/** The traits that are as the kernel says: what it is doing, and of which layer. */
export class KernelTraits {
  readonly status: Signal<Status>;
  readonly layer: Signal<string>;
  readonly layers: Signal<LayerName[]>;
  readonly height: Signal<number>;

  constructor(
    private readonly link: Link,
    onStatus: (status: Status) => void,
  ) {
    this.status = signal(readStatus(link.get("status")));
    this.layer = signal(String(link.get("layer") ?? ""));
    this.layers = signal(readLayers(link.get("layers")));
    this.height = signal(readInteger(link.get("height"), DEFAULT_HEIGHT));
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
    link.onTrait("height", (value) => {
      this.height.value = readInteger(value, DEFAULT_HEIGHT);
    });
    onStatus(this.status.peek());
  }

  setLayer(name: string): void {
    this.layer.value = name;
    this.link.set({ layer: name });
  }

  setHeight(height: number): void {
    this.height.value = height;
    this.link.set({ height });
  }
}
