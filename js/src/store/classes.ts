import { computed, signal } from "@preact/signals";
import type { KernelMessageOf } from "../protocol/messages";
import type { Handlers, Part } from "../protocol/parts";
import type { Kind } from "../util/kinds";

/** In place of a cell’s label, once its classes are known. */
export const NO_CERTAIN_CLASS = "no certain class";

/** The classes that a layer may argue for, as far as the kernel has told. */
export class Classes implements Part {
  readonly handles: Handlers = { classes: (message) => this.receive(message) };
  /** One name for each, no two alike. */
  readonly names = signal<readonly string[]>([]);
  /** Whether they are a guess. */
  readonly assumed = signal(false);
  /** What they are kinds of. */
  readonly kinds = signal<readonly Kind[]>([]);
  /** The reason why there are none; empty while that is not known. */
  readonly reason = signal("");
  /** The text in place of classes, while there are none. */
  readonly inPlace = computed(
    () => this.reason.value || "Which classes there are is not known yet.",
  );

  receive({ names, assumed, reason, kinds, members }: KernelMessageOf<"classes">): void {
    this.names.value = names.map((name, at) => name ?? `class ${at}`);
    this.assumed.value = assumed;
    this.reason.value = reason;
    this.kinds.value = kinds.map((words, at) => ({
      words: (words ?? "").split("|"),
      classes: (members[at] ?? "").split(" ").filter(Boolean).map(Number),
    }));
  }
}
