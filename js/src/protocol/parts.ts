import {
  type FROM_KERNEL,
  type KernelMessage,
  type KernelMessageOf,
  parseKernelMessage,
} from "./messages";

export type KernelKind = keyof typeof FROM_KERNEL;

type Handle<Kind extends KernelKind> = (
  message: KernelMessageOf<Kind>,
  bytes: Uint8Array | undefined,
) => void;

/** The handlers of messages, by their kind. */
export type Handlers = { readonly [Kind in KernelKind]?: Handle<Kind> };

/** A part of what the browser knows, and the messages that it learns it from. */
export interface Part {
  readonly handles: Handlers;
  /**
   * True if it takes messages of every layout. For all other parts those that name the revision of
   * a layout which is not here are dropped.
   */
  readonly ofAnyRevision?: boolean;
  /** Another layout comes: whatever was known of the cells before is void. */
  clear?(): void;
  dispose?(): void;
}

/** All parts, and which messages are whose. */
export class Parts {
  private readonly parts: Part[] = [];
  private readonly owners = new Map<string, Part>();

  add<Some extends Part>(part: Some): Some {
    for (const kind of Object.keys(part.handles)) {
      if (this.owners.has(kind)) throw new Error(`two parts handle messages of kind "${kind}"`);
      this.owners.set(kind, part);
    }
    this.parts.push(part);
    return part;
  }

  /** The kinds that somebody handles. */
  get kinds(): KernelKind[] {
    return [...this.owners.keys()] as KernelKind[];
  }

  /** Gives what came from the kernel to its part. `revision` is that of the layout that is here. */
  receive(content: unknown, bytes: Uint8Array | undefined, revision: number): void {
    const message = parseKernelMessage(content);
    if ("invalid" in message) {
      console.warn(`[atlas_widget] ignored a message: ${message.invalid}`);
      return;
    }
    const part = this.owners.get(message.kind);
    if (!part) {
      console.warn(`[atlas_widget] ignored a message: nothing here handles "${message.kind}"`);
      return;
    }
    if ("revision" in message && message.revision !== revision && !part.ofAnyRevision) return;
    const handle = part.handles[message.kind] as (
      message: KernelMessage,
      bytes: Uint8Array | undefined,
    ) => void;
    handle(message, bytes);
  }

  clear(): void {
    for (const part of this.parts) part.clear?.();
  }

  dispose(): void {
    for (const part of this.parts) part.dispose?.();
  }
}
