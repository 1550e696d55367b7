import { signal } from "@preact/signals";
import type { Place } from "../geometry/place";
import type { BrowserMessage, KernelMessageOf } from "../protocol/messages";
import type { Handlers, Part } from "../protocol/parts";
import { type Canvas, decodeToCanvas } from "../util/decode";
import { Lru } from "../util/lru";
import { type CausalTest, readCausalTest } from "./causal_test";
import { type PictureCheck, readPictureCheck } from "./controls";
import { type CueClasses, type CueReport, readCueClasses, readCues } from "./cues";
import type { PatchAsk } from "./live_patch";
import { type PatchClasses, readPatchClasses } from "./patch";
import { type PatchTest, readPatchTest } from "./patch_test";
import { Running } from "./running";

export type CauseMessage = KernelMessageOf<
  | "task_progress"
  | "task_failed"
  | "causal_test"
  | "source_images"
  | "patch_picture"
  | "patch_classes"
  | "patch_tested"
  | "cue_classes"
  | "cues"
  | "pictures_checked"
>;

/** One of the user's images, with its thumbnail on a sheet of its own. */
export interface SourceImage {
  image: number;
  name: string;
  sheet: Canvas | null;
  /** The place on the sheet: side, left, top. */
  tile: readonly [side: number, left: number, top: number];
}

/** The number of images in one request. */
export const IMAGES_PER_REQUEST = 12;
const MAX_PICTURES = 24;
/** The time after which a missing answer is requested again (ms). */
const ASK_AGAIN = 4000;

type Change = Omit<Extract<BrowserMessage, { kind: "causal_test" }>, "kind" | "request">;

/** Experiments under way, and the images that patches are put on. */
export class Causes implements Part {
  readonly handles: Handlers = {
    task_progress: (message, bytes) => this.receive(message, bytes),
    task_failed: (message, bytes) => this.receive(message, bytes),
    causal_test: (message, bytes) => this.receive(message, bytes),
    source_images: (message, bytes) => this.receive(message, bytes),
    patch_picture: (message, bytes) => this.receive(message, bytes),
    patch_classes: (message, bytes) => this.receive(message, bytes),
    patch_tested: (message, bytes) => this.receive(message, bytes),
    cue_classes: (message, bytes) => this.receive(message, bytes),
    cues: (message, bytes) => this.receive(message, bytes),
    pictures_checked: (message, bytes) => this.receive(message, bytes),
  };
  /** The pictures beside their controls, once that was asked for. */
  readonly checked = signal<Running<PictureCheck> | null>(null);
  /** The classes that cues can be looked for in, once that was asked. */
  readonly cueClasses = signal<Running<CueClasses> | null>(null);
  /** Counts up with every image that came. */
  readonly version = signal(0);
  private readonly running = new Map<number, Running<unknown>>();
  private readonly sheets = new Map<number, SourceImage[]>();
  private readonly pictures = new Lru<number, { name: string; picture: Canvas }>(MAX_PICTURES);
  private readonly askedAt = new Map<string, number>();
  private crops = new Map<number, Canvas>();
  private count: number | null = null;
  // A random start: after a page reload, answers to an old request are not taken for new ones.
  private next = 1 + Math.floor(Math.random() * 1e6);

  constructor(private readonly send: (message: BrowserMessage) => void) {}

  /** The number of images; null until it is known. */
  get imageCount(): number | null {
    return this.count;
  }

  /** The images whose thumbnails have come, in their order. */
  get images(): SourceImage[] {
    return [...this.sheets.keys()].sort((a, b) => a - b).flatMap((at) => this.sheets.get(at) ?? []);
  }

  /** An image as the model is given it. */
  picture(image: number): { name: string; picture: Canvas } | null {
    return this.pictures.get(image) ?? null;
  }

  /** The rows of crops that came with a report. */
  cropsOf(request: number): Canvas | null {
    return this.crops.get(request) ?? null;
  }

  wantImages(first: number): void {
    if (this.sheets.has(first) || (this.count !== null && first >= this.count)) return;
    if (this.asks(`images ${first}`)) {
      this.send({ kind: "source_images", first, count: IMAGES_PER_REQUEST });
    }
  }

  wantPicture(image: number): void {
    if (this.pictures.peek(image)) return;
    if (this.asks(`picture ${image}`)) this.send({ kind: "patch_picture", image });
  }

  change(change: Change): Running<CausalTest> {
    return this.begin((request) => ({ kind: "causal_test", ...change, request }));
  }

  tryPatch(ask: PatchAsk): Running<PatchClasses> {
    return this.begin((request) => ({ kind: "try_patch", ...ask, request }));
  }

  testPatch(place: Place, crop: number, target: number, size: number): Running<PatchTest> {
    const { grid, cell } = place;
    return this.begin((request) => ({
      kind: "patch_test",
      request,
      grid,
      cell,
      crop,
      class: target,
      size,
    }));
  }

  /** The classes between which cues can be looked for; asked once for each layout. */
  wantCueClasses(): void {
    const state = this.cueClasses.peek()?.state.peek().stage;
    if (state === "running" || state === "done") return;
    this.cueClasses.value = this.begin((request) => ({ kind: "cue_classes", request }));
  }

  findCues(grid: number, first: number, second: number): Running<CueReport> {
    return this.begin((request) => ({ kind: "find_cues", request, grid, first, second }));
  }

  checkPictures(): void {
    this.checked.value = this.begin((request) => ({ kind: "check_pictures", request }));
  }

  /** Another layout: its pictures are others. */
  clear(): void {
    this.checked.value = null;
    this.cueClasses.value = null;
  }

  receive(message: CauseMessage, bytes: Uint8Array | undefined): void {
    switch (message.kind) {
      case "source_images":
        this.receiveImages(message, bytes);
        return;
      case "patch_picture":
        this.receivePicture(message, bytes);
        return;
    }
    const running = this.running.get(message.request);
    if (!running) return;
    if (message.kind === "task_progress") running.progressed(message.done, message.total);
    else if (message.kind === "task_failed") running.fail(message.message);
    else if (message.kind === "causal_test") running.finish(readCausalTest(message));
    else if (message.kind === "patch_classes") running.finish(readPatchClasses(message));
    else if (message.kind === "pictures_checked") running.finish(readPictureCheck(message));
    else if (message.kind === "cue_classes") running.finish(readCueClasses(message));
    else if (message.kind === "patch_tested") running.finish(readPatchTest(message));
    else {
      running.finish(readCues(message));
      this.decode(bytes, (picture) => {
        this.crops = new Map([[message.request, picture]]);
      });
    }
  }

  private begin<Result>(message: (request: number) => BrowserMessage): Running<Result> {
    const request = this.next++;
    const running = new Running<Result>(request, this.send, () => this.running.delete(request));
    this.running.set(request, running as Running<unknown>);
    this.send(message(request));
    return running;
  }

  private asks(what: string): boolean {
    const asked = this.askedAt.get(what) ?? Number.NEGATIVE_INFINITY;
    if (Date.now() - asked < ASK_AGAIN) return false;
    this.askedAt.set(what, Date.now());
    return true;
  }

  private receiveImages(
    message: KernelMessageOf<"source_images">,
    bytes: Uint8Array | undefined,
  ): void {
    const { first, total, images, names, tile, columns } = message;
    this.count = total;
    const shown = images.map((image, at) => ({
      image,
      name: names[at] ?? "",
      sheet: null as Canvas | null,
      tile: [tile, (at % columns) * tile, Math.floor(at / columns) * tile] as const,
    }));
    this.sheets.set(first, shown);
    this.version.value++;
    this.decode(bytes, (sheet) => {
      this.sheets.set(
        first,
        shown.map((it) => ({ ...it, sheet })),
      );
    });
  }

  private receivePicture(
    { image, name }: KernelMessageOf<"patch_picture">,
    bytes: Uint8Array | undefined,
  ): void {
    this.decode(bytes, (picture) => this.pictures.set(image, { name, picture }));
  }

  private decode(bytes: Uint8Array | undefined, keep: (canvas: Canvas) => void): void {
    if (!bytes?.length) return;
    decodeToCanvas(bytes)
      .then((canvas) => {
        keep(canvas);
        this.version.value++;
      })
      .catch(() => {});
  }
}
