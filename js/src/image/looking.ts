import { computed, signal } from "@preact/signals";
import { clamp } from "../geometry/geometry";
import { type LayerMap, NO_CLASS, type Opened } from "./answers";

/** What the grids of all layers show. */
export const GRID_MODES = ["picture", "norm", "attribution", "groups", "channel"] as const;
export type GridMode = (typeof GRID_MODES)[number];

export const MIN_GROUPS = 2;
export const MAX_GROUPS = 12;

/** A position shown of a layer, by their numbers. */
export interface LayerPosition {
  layer: number;
  position: number;
}

/** [rows, columns] */
const STEPS: Record<string, readonly [number, number]> = {
  ArrowUp: [-1, 0],
  ArrowDown: [1, 0],
  ArrowLeft: [0, -1],
  ArrowRight: [0, 1],
};

/** What of the image is looked at, shared by all displays of a widget. */
export class Looking {
  readonly mode = signal<GridMode>("picture");
  /** The number of the layer whose tables are shown. */
  readonly layer = signal(0);
  /** Under the pointer. */
  readonly hovered = signal<LayerPosition | null>(null);
  readonly pinned = signal<LayerPosition | null>(null);
  /** Classes that are argued for: `a`, or `a` less `b`. */
  readonly a = signal(NO_CLASS);
  readonly b = signal(NO_CLASS);
  /** How many groups of channels. */
  readonly count = signal(6);
  /** The group that is looked at alone. */
  readonly group = signal<number | null>(null);
  readonly channel = signal<number | null>(null);
  /** Positions of the layer, to be removed together. */
  readonly region = signal<ReadonlySet<number>>(new Set());
  /** The user pinned a position: what it has to do with other layers is shown. */
  readonly tracing = signal(false);
  /** The position that is looked at now. */
  readonly at = computed(() => this.hovered.value ?? this.pinned.value);
  private names = "";

  /** Another image is open, or the same one anew: what still means something is kept. */
  turnTo(image: Opened): void {
    const { layers, own, pinned, classes } = image;
    const names = layers.map(({ name, rows, columns }) => `${name} ${rows} ${columns}`).join("\n");
    const known = names === this.names;
    this.names = names;
    this.hovered.value = null;
    this.tracing.value = false;
    this.group.value = null;
    this.region.value = new Set();
    if (!known) {
      this.layer.value = own >= 0 ? own : layers.length - 1;
      this.channel.value = null;
      if (this.mode.peek() === "channel") this.mode.value = "picture";
    }
    if (pinned >= 0) this.pinned.value = { layer: own, position: pinned };
    else if (!known || this.pinned.peek() === null) {
      const layer = this.layer.peek();
      this.pinned.value = { layer, position: strongestOf(layers[layer]) };
    }
    if (!classes.some(({ index }) => index === this.a.peek())) {
      this.a.value = classes[0]?.index ?? NO_CLASS;
      this.b.value = NO_CLASS;
    }
  }

  /** Shows a layer's tables; what is of another layer alone is let go. */
  chooseLayer(layer: number): void {
    if (layer === this.layer.peek()) return;
    this.layer.value = layer;
    this.group.value = null;
    this.region.value = new Set();
    if (this.mode.peek() === "channel") this.mode.value = "picture";
    this.channel.value = null;
  }

  hover(at: LayerPosition | null): void {
    const now = this.hovered.peek();
    if (now?.layer === at?.layer && now?.position === at?.position) return;
    this.hovered.value = at;
  }

  /** Pins a position; the one that is pinned already is let go of. */
  pin(at: LayerPosition): void {
    const now = this.pinned.peek();
    const again = now?.layer === at.layer && now.position === at.position;
    this.chooseLayer(at.layer);
    this.pinned.value = at;
    this.tracing.value = !(again && this.tracing.peek());
  }

  /** Adds a position to the region, or takes it away. */
  toggle({ layer, position }: LayerPosition): void {
    this.chooseLayer(layer);
    const region = new Set(this.region.peek());
    if (!region.delete(position)) region.add(position);
    this.region.value = region;
  }

  /** Shows what argues for a class; it is no longer argued against. */
  argueFor(index: number): void {
    this.a.value = index;
    if (this.b.peek() === index) this.b.value = NO_CLASS;
  }

  /** Shows what argues for the chosen class rather than for this one. */
  argueAgainst(index: number): void {
    this.b.value = index === this.a.peek() ? NO_CLASS : index;
  }

  showChannel(layer: number, channel: number): void {
    this.chooseLayer(layer);
    this.channel.value = channel;
    this.mode.value = "channel";
  }

  /** Moves the pinned position by an arrow key; false if the key is none. */
  step(key: string, layers: readonly LayerMap[]): boolean {
    const step = STEPS[key];
    if (!step) return false;
    const layer = this.layer.peek();
    const map = layers[layer];
    const from = this.pinned.peek();
    const position = from?.layer === layer ? from.position : strongestOf(map);
    this.hovered.value = null;
    this.pinned.value = { layer, position: moved(map, position, step) };
    this.tracing.value = true;
    return true;
  }

  /** Goes to the layer before or after, to the same place of the image. */
  stepLayer(by: -1 | 1, layers: readonly LayerMap[]): void {
    const from = this.layer.peek();
    const to = clamp(from + by, 0, layers.length - 1);
    if (to === from) return;
    const pinned = this.pinned.peek();
    this.hovered.value = null;
    this.chooseLayer(to);
    const position =
      pinned?.layer === from
        ? samePlace(pinned.position, layers[from], layers[to])
        : strongestOf(layers[to]);
    this.pinned.value = { layer: to, position };
  }
}

export function strongestOf({ norms, maxNorm }: LayerMap): number {
  return Math.max(0, norms.indexOf(maxNorm));
}

function moved(
  { rows, columns }: LayerMap,
  position: number,
  [down, right]: readonly [number, number],
): number {
  const row = clamp(Math.floor(position / columns) + down, 0, rows - 1);
  const column = clamp((position % columns) + right, 0, columns - 1);
  return row * columns + column;
}

/** The position of another layer that lies at the same place of the image. */
export function samePlace(position: number, from: LayerMap, to: LayerMap): number {
  const row = (Math.floor(position / from.columns) + 0.5) / from.rows;
  const column = ((position % from.columns) + 0.5) / from.columns;
  const [down, right] = [Math.floor(row * to.rows), Math.floor(column * to.columns)];
  return down * to.columns + right;
}
