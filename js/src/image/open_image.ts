import { batch, type Signal, signal } from "@preact/signals";
import type { KernelMessageOf } from "../protocol/messages";
import type { Handlers, Part } from "../protocol/parts";
import { type IMAGE_WORKS, MAX_TEXT } from "../protocol/shared";
import type { Kernel } from "../store/view_registry";
import { type Canvas, decodeToCanvas } from "../util/decode";
import { shrinkImage } from "../util/shrink";
import {
  type Attribution,
  type ChannelFacts,
  type Curves,
  type Flow,
  type Groups,
  NO_CLASS,
  type Opened,
  type Places,
  type PositionFacts,
  readAttribution,
  readChannel,
  readCurves,
  readFlow,
  readGroups,
  readOpened,
  readPlaces,
  readPosition,
  readTrial,
  type Trial,
} from "./answers";
import { Looking } from "./looking";

/** The name of the view that shows it. */
export const IMAGE_VIEW = "image";

export type ImageWork = (typeof IMAGE_WORKS)[number];

/** A long computation about the image. */
export interface ImageWorkState {
  done: number;
  total: number;
  failed: string;
}

/** A layer's caricature of the image, or its dream of it. */
export interface Drawn {
  work: string;
  layer: number;
  value: number;
  made: string;
  picture: Canvas | null;
}

/** What is to be removed from a layer. */
export interface Removed {
  what: "channel" | "group" | "region";
  numbers: number[];
}

const MAX_POSITIONS = 4000; // answers that are kept

/** The image that is open: what the kernel has said of it, and what is asked. */
export class OpenImage implements Part {
  readonly handles: Handlers = {
    image: (message, bytes) => this.receiveImage(message, bytes),
    no_image: ({ problem }) => this.receiveNone(problem),
    image_beside: ({ name }, bytes) => this.receiveBeside(name, bytes),
    image_failed: (message) =>
      this.take(message, () => {
        this.failures.value = new Map(this.failures.peek()).set(message.what, message.problem);
      }),
    image_on_atlas: (message) =>
      this.take(message, () => {
        this.places.value = readPlaces(message);
      }),
    image_position: (message) =>
      this.take(message, ({ layers }) => this.keepPosition(readPosition(message, layers))),
    image_attribution: (message) =>
      this.take(message, ({ layers }) => {
        this.attribution.value = readAttribution(message, layers);
        this.succeeded("image_attribution");
      }),
    image_groups: (message) =>
      this.take(message, ({ layers }) => {
        this.groups.value = readGroups(message, layers);
        this.succeeded("image_groups");
      }),
    image_channel: (message) =>
      this.take(message, () => {
        this.channel.value = readChannel(message);
        this.succeeded("image_channel");
      }),
    image_flow: (message) =>
      this.take(message, () => {
        this.flow.value = readFlow(message);
        this.succeeded("image_flow");
      }),
    image_trial: (message) =>
      this.take(message, () => {
        this.trial.value = readTrial(message);
        this.succeeded("image_trial");
      }),
    image_work: (message) => this.take(message, () => this.receiveWork(message)),
    image_curves: (message) =>
      this.take(message, () => {
        this.curves.value = readCurves(message);
      }),
    image_drawn: (message, bytes) => this.take(message, () => this.receiveDrawn(message, bytes)),
  };
  readonly opened = signal<Opened | null>(null);
  /** Why the last image could not be opened; "" if it could. */
  readonly problem = signal("");
  /** The name of an image that is on its way; null: none is. */
  readonly awaited = signal<string | null>(null);
  readonly beside = signal<{ name: string; picture: Canvas } | null>(null);
  readonly places = signal<Places | null>(null);
  readonly attribution = signal<Attribution | null>(null);
  readonly groups = signal<Groups | null>(null);
  readonly channel = signal<ChannelFacts | null>(null);
  readonly flow = signal<Flow | null>(null);
  readonly trial = signal<Trial | null>(null);
  readonly curves = signal<Curves | null>(null);
  /** By work and layer. */
  readonly drawn = signal<ReadonlyMap<string, Drawn>>(new Map());
  readonly works = signal<ReadonlyMap<string, ImageWorkState>>(new Map());
  /** By the kind of what was asked: why there is no answer. */
  readonly failures = signal<ReadonlyMap<string, string>>(new Map());
  /** Counts up when something about a position came. */
  readonly version = signal(0);
  readonly looking = new Looking();

  private prepared = -1;
  private readonly positions = new Map<string, PositionFacts>();
  private readonly asked = new Map<string, string>();
  private readonly lasting: readonly Signal<unknown>[] = [
    this.places,
    this.attribution,
    this.groups,
    this.channel,
    this.flow,
    this.trial,
    this.curves,
  ];

  constructor(private readonly kernel: Kernel) {}

  // ------------------------------------------------------------------ opening

  /** The view of an atlas is shown: the kernel opens the layers, and tells which image is open. */
  prepare(revision: number): void {
    if (!this.kernel.connected.peek() || this.prepared === revision) return;
    this.prepared = revision;
    this.kernel.send({ kind: "prepare_image" });
  }

  /** Opens a file; rejects one that is no image for this browser. */
  async open(file: Blob, name: string, beside = false): Promise<void> {
    const bytes = await shrinkImage(file);
    this.awaited.value = name;
    this.kernel.send({ kind: "open_image", name: name.slice(0, MAX_TEXT), beside }, [bytes]);
  }

  /** Opens one of the atlas's images. */
  openSource(image: number, name: string, beside = false): void {
    this.awaited.value = name;
    this.kernel.send({ kind: "open_source_image", image, beside });
  }

  /** Opens a real crop of a cell as the image; or the whole image that it comes from. */
  openCrop(grid: number, cell: number, crop: number, whole: boolean): void {
    this.awaited.value = "";
    this.kernel.send({ kind: "open_crop", grid, cell, crop, whole });
  }

  /** Opens the whole image that a sample comes from. */
  openSample(sample: number): void {
    this.awaited.value = "";
    this.kernel.send({ kind: "open_sample", sample });
  }

  /** Opens one of the atlas's images, at a place in fractions of it. */
  openExample(image: number, name: string, x: number, y: number): void {
    this.awaited.value = name;
    this.kernel.send({ kind: "open_example", image, x, y });
  }

  close(beside = false): void {
    this.kernel.send({ kind: "close_image", beside });
    if (beside) this.beside.value = null;
  }

  readIn(layers: readonly string[]): void {
    this.awaited.value = this.opened.peek()?.name ?? "";
    this.kernel.send({ kind: "image_layers", layers: [...layers] });
  }

  // ------------------------------------------------------------------ asking

  /** The layers whose positions are shown as pictures: theirs are made. */
  look(layers: readonly number[]): void {
    if (this.kernel.connected.peek())
      this.kernel.send({ kind: "image_pictures", layers: [...layers] });
  }

  /** What is known of a position; it is asked for if that is not enough. */
  positionFacts(layer: number, position: number): PositionFacts | null {
    return this.positions.get(`${layer}:${position}`) ?? null;
  }

  wantPosition(layer: number, position: number, whole: boolean): void {
    const known = this.positionFacts(layer, position);
    if (known && (known.whole || !whole)) return;
    if (this.isNew("image_position", `${layer}:${position}:${whole}`)) {
      this.kernel.send({ kind: "image_position", layer, position, whole });
    }
  }

  /** Asks for the attribution to a class, and the pictures of a layer's channels in its table. */
  wantAttribution(a: number, b: number, layer: number): void {
    if (a === NO_CLASS) return;
    if (this.isNew("image_attribution", `${a}:${b}:${layer}`)) {
      this.kernel.send({ kind: "image_attribution", a, b, layer });
    }
  }

  wantGroups(layer: number, count: number, a: number, b: number): void {
    const known = this.groups.peek();
    if (known?.layer === layer && known.count === count && known.a === a && known.b === b) return;
    if (this.isNew("image_groups", `${layer}:${count}:${a}:${b}`)) {
      this.kernel.send({ kind: "image_groups", layer, count, a, b });
    }
  }

  wantChannel(layer: number, channel: number): void {
    const known = this.channel.peek();
    if (known?.layer === layer && known.channel === channel) return;
    if (this.isNew("image_channel", `${layer}:${channel}`)) {
      this.kernel.send({ kind: "image_channel", layer, channel });
    }
  }

  wantFlow(lower: number, upper: number, count: number): void {
    this.kernel.send({ kind: "image_flow", lower, upper, count });
  }

  /** Removes a part of a layer, to compare what becomes of the scores with the prediction. */
  tryWithout(layer: number, { what, numbers }: Removed): void {
    const { a, b, count } = this.looking;
    this.kernel.send({
      kind: "image_trial",
      layer,
      what,
      numbers,
      count: count.peek(),
      a: a.peek(),
      b: b.peek(),
    });
  }

  begin(work: ImageWork, layer: number): void {
    this.setWork(work, { done: 0, total: 0, failed: "" });
    this.kernel.send({ kind: "start_image_work", work, layer, class: this.looking.a.peek() });
  }

  stop(work: ImageWork): void {
    if (this.kernel.connected.peek()) this.kernel.send({ kind: "stop_image_work", work });
    this.setWork(work, null);
  }

  // ------------------------------------------------------------------ what comes

  private receiveImage(message: KernelMessageOf<"image">, bytes?: Uint8Array): void {
    const opened = readOpened(message);
    batch(() => {
      this.empty();
      this.problem.value = "";
      this.awaited.value = null;
      this.looking.turnTo(opened);
      this.opened.value = opened;
    });
    this.decode(bytes, (picture) => {
      if (this.opened.peek()?.serial === opened.serial) this.opened.value = { ...opened, picture };
    });
  }

  private receiveNone(problem: string): void {
    batch(() => {
      this.awaited.value = null;
      this.problem.value = problem;
      if (problem !== "") return; // what is open stays
      this.empty();
      this.opened.value = null;
    });
  }

  private receiveBeside(name: string, bytes?: Uint8Array): void {
    this.awaited.value = null;
    this.problem.value = "";
    this.positions.clear(); // answers said nothing of it
    this.asked.delete("image_position");
    this.version.value++;
    if (!bytes?.length) this.beside.value = null;
    this.decode(bytes, (picture) => {
      this.beside.value = { name, picture };
    });
  }

  private receiveWork({ work, done, total, failed }: KernelMessageOf<"image_work">): void {
    this.setWork(work, total === 0 && failed === "" ? null : { done, total, failed });
  }

  private receiveDrawn(message: KernelMessageOf<"image_drawn">, bytes?: Uint8Array): void {
    const { serial, work, layer, value, made } = message;
    this.decode(bytes, (picture) => {
      if (this.opened.peek()?.serial !== serial) return;
      const drawn = { work, layer, value, made, picture };
      this.drawn.value = new Map(this.drawn.peek()).set(`${work}:${layer}`, drawn);
    });
  }

  private keepPosition(facts: PositionFacts): void {
    const key = `${facts.layer}:${facts.position}`;
    if (this.positions.get(key)?.whole && !facts.whole) return;
    if (this.positions.size >= MAX_POSITIONS) this.positions.clear();
    this.positions.set(key, facts);
    this.succeeded("image_position");
    this.version.value++;
  }

  /** Calls back with the image, if a message is about the one that is open. */
  private take({ serial }: { serial: number }, then: (image: Opened) => void): void {
    const opened = this.opened.peek();
    if (opened?.serial === serial) then(opened);
  }

  private decode(bytes: Uint8Array | undefined, then: (picture: Canvas) => void): void {
    if (!bytes?.length) return;
    decodeToCanvas(bytes)
      .then(then)
      .catch(() => console.warn("[atlas_widget] a picture of an image could not be decoded"));
  }

  private succeeded(kind: string): void {
    if (!this.failures.peek().has(kind)) return;
    const rest = new Map(this.failures.peek());
    rest.delete(kind);
    this.failures.value = rest;
  }

  /** True the first time that the kernel is asked this, rather than something else of its kind. */
  private isNew(kind: string, what: string): boolean {
    if (!this.kernel.connected.peek() || this.asked.get(kind) === what) return false;
    this.asked.set(kind, what);
    return true;
  }

  private setWork(work: string, state: ImageWorkState | null): void {
    const works = new Map(this.works.peek());
    if (state) works.set(work, state);
    else works.delete(work);
    this.works.value = works;
  }

  /** Forgets all that was said of one image. */
  private empty(): void {
    for (const each of this.lasting) each.value = null;
    this.drawn.value = new Map();
    this.works.value = new Map();
    this.failures.value = new Map();
    this.positions.clear();
    this.asked.clear();
    this.version.value++;
  }
}
