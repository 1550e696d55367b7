import { type Copies, type Divisor, makeCopies } from "./make_copies";

interface Job {
  bytes: Uint8Array;
  divisors: readonly Divisor[];
  mute: boolean;
  resolve(copies: Copies): void;
  reject(error: unknown): void;
}

type Answer = { id: number; copies: Copies } | { id: number; error: string };

/** Sheets on their way through the decoder: enough to keep it busy, few enough to change course. */
const PARALLEL = 2;

/**
 * Makes copies of sheets, in a worker where the page allows one: neither decoding nor shrinking
 * takes time from the frames. What was asked for last comes first: it is what is in view now. What
 * arrives anew takes turns with what is to be decoded again.
 */
export class Decoder {
  private readonly fresh: Job[] = [];
  private readonly again: Job[] = [];
  private running = 0;
  private turn = false;
  private readonly worker = borrowWorker();

  /** A sheet that has just arrived. */
  decodeFresh(bytes: Uint8Array, divisors: readonly Divisor[], mute: boolean): Promise<Copies> {
    return this.enqueue((job) => this.fresh.push(job), bytes, divisors, mute);
  }

  /** A sheet whose copies were forgotten, or are wanted at another size. */
  decodeAgain(bytes: Uint8Array, divisors: readonly Divisor[], mute: boolean): Promise<Copies> {
    return this.enqueue((job) => this.again.unshift(job), bytes, divisors, mute);
  }

  /** Drops what waits, as rejected; what runs ends by itself. */
  clear(): void {
    const dropped = [...this.fresh, ...this.again];
    this.fresh.length = 0;
    this.again.length = 0;
    for (const job of dropped) job.reject(new Error("no longer wanted"));
  }

  dispose(): void {
    this.clear();
    returnWorker();
  }

  private enqueue(
    put: (job: Job) => void,
    bytes: Uint8Array,
    divisors: readonly Divisor[],
    mute: boolean,
  ): Promise<Copies> {
    return new Promise((resolve, reject) => {
      put({ bytes, divisors, mute, resolve, reject });
      this.pump();
    });
  }

  private pump(): void {
    while (this.running < PARALLEL) {
      this.turn = !this.turn;
      const [first, second] = this.turn ? [this.fresh, this.again] : [this.again, this.fresh];
      const job = first.shift() ?? second.shift();
      if (!job) return;
      this.running++;
      this.run(job)
        .then(job.resolve, job.reject)
        .finally(() => {
          this.running--;
          this.pump();
        });
    }
  }

  private async run({ bytes, divisors, mute }: Job): Promise<Copies> {
    if (this.worker) {
      try {
        return await this.worker.ask(bytes, divisors, mute);
      } catch {
        // It may have been forbidden or have died: the page can do it too, only less smoothly.
      }
    }
    return makeCopies(bytes.slice(), divisors, mute);
  }
}

/** A worker with the one task, and the questions that it has not answered yet. */
class CopyWorker {
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

function borrowWorker(): CopyWorker | null {
  borrowers++;
  try {
    shared ??= new CopyWorker();
  } catch {
    // No workers, or none from a text: pictures are decoded in the page.
  }
  return shared;
}

function returnWorker(): void {
  borrowers--;
  if (borrowers > 0) return;
  shared?.stop();
  shared = null;
}
