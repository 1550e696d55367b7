import { type Copies, type Divisor, makeCopies } from "./make_copies";

type Answer = { id: number; copies: Copies } | { id: number; error: string };

/** A worker with the one task, and the questions that it has not answered yet. */
export class CopyWorker {
  private readonly worker: Worker;
  private readonly address: string;
  private readonly waiting = new Map<
    number,
    { resolve(copies: Copies): void; reject(error: unknown): void }
  >();
  private next = 0;
  private dead = false;

  constructor() {
    const source = `const makeCopies = ${makeCopies.toString()};
      onmessage = ({ data: { id, bytes, divisors, mute } }) => makeCopies(bytes, divisors, mute).then(
        (copies) => postMessage({ id, copies }, copies.bitmaps.map((copy) => copy.bitmap)),
        (error) => postMessage({ id, error: String(error) }));`;
    this.address = URL.createObjectURL(new Blob([source], { type: "text/javascript" }));
    this.worker = new Worker(this.address);
    this.worker.onmessage = ({ data }: MessageEvent<Answer>) => {
      const asker = this.waiting.get(data.id);
      this.waiting.delete(data.id);
      if ("copies" in data) asker?.resolve(data.copies);
      else asker?.reject(new Error(data.error));
    };
    // A page whose policy forbids the worker says so only here.
    this.worker.onerror = () => this.stop();
  }

  ask(bytes: Uint8Array, divisors: readonly Divisor[], mute: boolean): Promise<Copies> {
    if (this.dead) return Promise.reject(new Error("no worker"));
    return new Promise((resolve, reject) => {
      const id = this.next++;
      this.waiting.set(id, { resolve, reject });
      this.worker.postMessage({ id, bytes, divisors, mute });
    });
  }

  stop(): void {
    this.dead = true;
    this.worker.terminate();
    URL.revokeObjectURL(this.address);
    for (const { reject } of this.waiting.values()) reject(new Error("no worker"));
    this.waiting.clear();
  }
}

/** One worker serves all widgets of a page; the last one to go ends it. */
let shared: CopyWorker | null = null;
let borrowers = 0;

/** The page's worker; null where the page has none. */
export function borrowWorker(): CopyWorker | null {
  borrowers++;
  try {
    shared ??= new CopyWorker();
  } catch {
    // No workers, or none from a text: pictures are decoded in the page.
  }
  return shared;
}

export function returnWorker(): void {
  borrowers--;
  if (borrowers > 0) return;
  shared?.stop();
  shared = null;
}
