import { signal } from "@preact/signals";
import type { CueReport } from "./cues";
import type { PatchPlace } from "./patch";
import type { Running } from "./running";

/** The settings of experiments in a view; they stay when another cell is opened. */
export class Choices {
  /** Remove the direction, or add so much of it, and where. */
  readonly change = signal<"remove" | "add">("remove");
  readonly amount = signal(1);
  readonly where = signal<"sample" | "present" | "everywhere">("sample");
  /** True if the selected region is meant rather than the open cell. */
  readonly region = signal(false);

  /** The image that a patch is put on; null until one is chosen. */
  readonly image = signal<number | null>(null);
  readonly place = signal<PatchPlace>({ x: 0.8, y: 0.8, size: 0.3 });
  /** The class that images are to become; null for what the cell argues for most. */
  readonly target = signal<number | null>(null);

  /** The list of cues: whether it is open, between which classes, and what was found. */
  readonly cuesOpen = signal(false);
  readonly first = signal<number | null>(null);
  readonly second = signal<number | null>(null);
  readonly cues = signal<Running<CueReport> | null>(null);

  dispose(): void {
    this.cues.peek()?.stop();
  }
}
