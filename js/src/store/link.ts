import type { AnyModel } from "@anywidget/types";
import { signal } from "@preact/signals";
import type { BrowserMessage } from "../protocol/messages";
import { Receipts, type Sender } from "./receipts";

/** A kernel that has been silent for this long (ms) may be gone. */
const SILENCE = 2000;

/** The line to the kernel: traits, messages, and whether anybody is there. */
export class Link {
  readonly connected = signal(true);
  private lastSign = performance.now();
  private readonly lastSet = new Map<string, string>();
  private readonly cleanups: (() => void)[] = [];
  private readonly receipts = new Receipts();

  constructor(private readonly model: AnyModel) {
    // Fired when the manager loses the kernel. The flag itself is not part of anywidget's model.
    this.on("comm_live_update", () => {
      this.connected.value = false;
    });
    this.on("change", (sender: Sender) => this.receipts.from(sender));
  }

  get(name: string): unknown {
    return this.model.get(name);
  }

  send(message: BrowserMessage, buffers: Uint8Array<ArrayBuffer>[] = []): void {
    try {
      if (buffers.length > 0) this.model.send(message, undefined, buffers);
      else this.model.send(message);
    } catch {
      this.connected.value = false;
    }
  }

  /**
   * Sends a message that changes nothing, if nothing was heard or sent for a while. A host that
   * ends the kernel does not always say so, and a trait that cannot be sent is dropped in silence:
   * only a message fails.
   */
  pingIfSilent(message: BrowserMessage): void {
    const now = performance.now();
    if (!this.connected.peek() || now - this.lastSign < SILENCE) return;
    this.lastSign = now;
    this.send(message);
  }

  /** Sets several traits in one update: `observe`rs in Python are called once. */
  set(values: Record<string, unknown>): void {
    let changed = false;
    for (const [name, value] of Object.entries(values)) {
      const text = JSON.stringify(value);
      if (JSON.stringify(this.model.get(name)) === text) continue;
      // Remembered before it is set: the model tells every listener, this one included.
      this.lastSet.set(name, text);
      this.model.set(name, value);
      changed = true;
    }
    if (!changed) return;
    try {
      this.model.save_changes();
      this.receipts.expect();
    } catch {
      this.connected.value = false;
    }
  }

  /** Calls back for what Python set, not for what a view of ours did. */
  onTrait(name: string, handle: (value: unknown) => void): void {
    this.on(`change:${name}`, () => {
      this.lastSign = performance.now();
      const value = this.model.get(name);
      if (this.lastSet.get(name) === JSON.stringify(value)) return;
      this.lastSet.delete(name);
      handle(value);
    });
  }

  onMessage(handle: (content: unknown, buffers: Uint8Array[]) => void): void {
    this.on("msg:custom", (content: unknown, buffers?: DataView[]) => {
      this.lastSign = performance.now();
      this.connected.value = true;
      handle(content, Array.from(buffers ?? [], toBytes));
    });
  }

  dispose(): void {
    this.receipts.dispose();
    for (const cleanup of this.cleanups) cleanup();
  }

  private on(name: string, listener: (...values: never[]) => void): void {
    const callback = listener as (...values: unknown[]) => void;
    this.model.on(name, callback);
    this.cleanups.push(() => this.model.off(name, callback));
  }
}

/** Bytes of our own: the view on a message's buffer does not outlive the message everywhere. */
function toBytes(buffer: DataView | ArrayBuffer): Uint8Array {
  if (buffer instanceof ArrayBuffer) return new Uint8Array(buffer.slice(0));
  const { byteOffset, byteLength } = buffer;
  return new Uint8Array(buffer.buffer.slice(byteOffset, byteOffset + byteLength) as ArrayBuffer);
}
