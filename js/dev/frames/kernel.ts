import type { AnyModel } from "@anywidget/types";
import type { GridCells, KernelMessageOf } from "../../src/protocol/messages";

/** JPEG sheets of 64 pictures, as the kernel encodes them. */
export type Sheets = readonly ArrayBuffer[];

export const TILE = 64;
export const PER_SHEET = 64;
/** As many sheets as the kernel leaves unacknowledged. */
const MOST_UNACKNOWLEDGED = 8;

type Listener = (...values: unknown[]) => void;
type State = "crop" | "rough" | "final";

/** A square of cells without holes. */
export function denseGrid(size: number): GridCells {
  const ids = Array.from({ length: size * size }, (_, id) => id);
  return { size, ids, counts: ids.map((id) => 20 + ((id * 37) % 20)) };
}

/**
 * A kernel that has all its pictures ready and feeds them as the real one does: sheets of 64, at
 * most eight unacknowledged, what is in sight first, what is asked for again once more.
 */
export class FeedingModel {
  /** Sheets that were sent, and how many of them because they were asked for again. */
  sent = 0;
  again = 0;
  private readonly listeners = new Map<string, Set<Listener>>();
  private readonly state: Record<string, unknown>;
  private readonly queue: { grid: number; cells: number[]; state: State }[] = [];
  private readonly unacknowledged = new Set<number>();
  private next = 0;
  private begun = false;

  constructor(
    private readonly grids: GridCells[],
    private readonly sheets: Sheets,
    height: number,
  ) {
    this.state = {
      layer: "layer",
      layers: [],
      selection: [],
      level: grids[0].size,
      hovered: -1,
      viewport: [0, 0, 1, 1],
      status: { stage: "idle", model: "benchmark", layer: "layer" },
      height,
    };
  }

  /** The face that anywidget shows. */
  get face(): AnyModel {
    return this as unknown as AnyModel;
  }

  get(name: string): unknown {
    return this.state[name];
  }

  set(name: string, value: unknown): void {
    this.state[name] = value;
    this.emit(`change:${name}`);
  }

  save_changes(): void {}

  on(name: string, listener: Listener): void {
    const all = this.listeners.get(name) ?? new Set();
    this.listeners.set(name, all.add(listener));
  }

  off(name: string, listener: Listener): void {
    this.listeners.get(name)?.delete(listener);
  }

  send(message: Record<string, unknown>): void {
    // Never within the sender's own call, as over a wire.
    setTimeout(() => this.handle(message));
  }

  /** Whether all that was to be sent has been sent and drawn. */
  get quiet(): boolean {
    return this.begun && this.queue.length === 0 && this.unacknowledged.size === 0;
  }

  /** Queues pictures; `first` before all that waits. */
  feed(grid: number, cells: readonly number[], state: State, first = false): void {
    const sheets = [];
    for (let at = 0; at < cells.length; at += PER_SHEET) {
      sheets.push({ grid, cells: cells.slice(at, at + PER_SHEET), state });
    }
    if (first) this.queue.unshift(...sheets);
    else this.queue.push(...sheets);
    this.pump();
  }

  private handle(message: Record<string, unknown>): void {
    if (message.kind === "ready" && !this.begun) {
      this.begun = true;
      this.message({
        kind: "layout",
        revision: 0,
        final: true,
        grids: this.grids,
        samples: 1_000_000,
        images: 1_000_000,
        layer: "layer",
        subject: [],
        axes: [],
      });
      for (const grid of this.grids) this.feed(grid.size, grid.ids, "final");
    } else if (message.kind === "acknowledge") {
      this.unacknowledged.delete(message.sheet as number);
      this.pump();
    } else if (message.kind === "missing") {
      const cells = message.numbers as number[];
      this.again += Math.ceil(cells.length / PER_SHEET);
      this.feed(Number(String(message.group).split(":")[1]), cells, "final", true);
    } else if (message.kind === "hover") {
      this.sendCard(message.grid as number, message.cell as number);
    }
  }

  private pump(): void {
    while (this.queue.length > 0 && this.unacknowledged.size < MOST_UNACKNOWLEDGED) {
      const { grid, cells, state } = this.queue.shift()!;
      const sheet = this.next++;
      this.unacknowledged.add(sheet);
      this.sent++;
      const content: KernelMessageOf<"sheet"> = {
        kind: "sheet",
        sheet,
        revision: 0,
        group: `cell:${grid}`,
        state,
        numbers: cells,
        cosine: cells.map(() => 0.8),
        rank: cells.map(() => 1),
        tile: TILE,
        columns: 8,
      };
      // Each message brings bytes of its own, as over a wire.
      const bytes = this.sheets[sheet % this.sheets.length].slice(0);
      this.message(content, [new DataView(bytes)]);
    }
  }

  private sendCard(grid: number, cell: number): void {
    const classes = Array.from({ length: 6 }, (_, i) => ({
      label: `class ${(cell + i) % 1000}`,
      value: 2 - i * 0.3,
      low: 1.5 - i * 0.3,
      high: 2.5 - i * 0.3,
    }));
    this.message(
      {
        kind: "card",
        revision: 0,
        grid,
        cell,
        count: 40,
        cosine: 0.8,
        rank: 1,
        state: "final",
        made: "direction only · preset icon, 64 px, 48 steps",
        label: classes[0].label,
        why_not: "",
        look: "",
        lead: 3,
        classes,
        against: classes,
        crops: 6,
        tile: TILE,
      },
      [new DataView(this.sheets[cell % this.sheets.length].slice(0))],
    );
  }

  private message(content: object, buffers: DataView[] = []): void {
    setTimeout(() => this.emit("msg:custom", content, buffers));
  }

  private emit(name: string, ...values: unknown[]): void {
    for (const listener of [...(this.listeners.get(name) ?? [])]) listener(...values);
  }
}
