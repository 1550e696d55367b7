import { borrowWorker, returnWorker } from "./copy_worker";
import { type Copies, type Divisor, makeCopies } from "./make_copies";

/** The copies that are to be made of a sheet. */
export interface Task {
  bytes: Uint8Array;
  divisors: readonly Divisor[];
  mute: boolean;
}

interface Job extends Task {
  resolve(copies: Copies): void;
  reject(error: unknown): void;
}

/** Sheets in work at once: enough to keep a decoder busy, few enough to change course. */
const PARALLEL = 2;

/**
 * The order in which sheets are decoded. What has just arrived takes turns with what is to be
 * decoded again; of that, what was asked for last comes first: it is what is in view now.
 */
export class DecodingQueue {
  private readonly fresh: Job[] = [];
  private readonly again: Job[] = [];
  private running = 0;
  private turn = false;

  constructor(private readonly run: (task: Task) => Promise<Copies>) {}

  /** A sheet that has just arrived. */
  decodeFresh(task: Task): Promise<Copies> {
    return new Promise((resolve, reject) => {
      this.fresh.push({ ...task, resolve, reject });
      this.pump();
    });
  }

  /** A sheet whose copies were forgotten, or are wanted at another size. */
  decodeAgain(task: Task): Promise<Copies> {
    return new Promise((resolve, reject) => {
      this.again.unshift({ ...task, resolve, reject });
      this.pump();
    });
  }

  /** Drops what waits, as rejected; what runs ends by itself. */
  clear(): void {
    for (const job of [...this.fresh.splice(0), ...this.again.splice(0)]) {
      job.reject(new Error("no longer wanted"));
    }
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
}

/**
 * Makes copies of sheets, in a worker where the page allows one: neither decoding nor shrinking
 * takes time from the frames.
 */
export class Decoder extends DecodingQueue {
  constructor() {
    const worker = borrowWorker();
    super(async ({ bytes, divisors, mute }) => {
      try {
        if (worker) return await worker.ask(bytes, divisors, mute);
      } catch {
        // It may be forbidden, or have died: the page can do it too, only less smoothly.
      }
      return makeCopies(bytes.slice(), divisors, mute);
    });
  }

  dispose(): void {
    this.clear();
    returnWorker();
  }
}
