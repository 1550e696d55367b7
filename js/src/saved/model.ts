import type { AnyModel } from "@anywidget/types";
import type { BrowserMessage, KernelMessage } from "../protocol/messages";
import { Answers } from "./answers";
import { CropSheets } from "./crops";
import type { ReadBlock, SavedPage } from "./format";
import { cropSheets, SavedSheets } from "./sheets";
import { UnitAnswers } from "./units";

type Listener = (...values: never[]) => void;

/**
 * anywidget's model in a saved page: it has no kernel, and answers messages with what the page holds.
 * Traits stay in the page; `onSave` is called whenever a view has set some.
 */
export class SavedModel implements AnyModel {
  onSave: () => void = () => {};
  readonly widget_manager = {
    get_model: () => Promise.reject(new Error("A saved page has no other models.")),
  };
  private readonly traits: Map<string, unknown>;
  private readonly listeners = new Map<string, Set<Listener>>();
  private readonly answers: Answers;
  private readonly sheets: SavedSheets;
  private readonly units: UnitAnswers | null;
  private readonly coarsest: number;

  constructor(page: SavedPage, readBlock: ReadBlock) {
    this.traits = new Map(Object.entries(page.traits));
    const crops = page.crops && new CropSheets(page.crops, readBlock);
    this.answers = new Answers(page, crops);
    this.units = page.units && new UnitAnswers(page.units, readBlock);
    const sheets = page.sheets.map(({ message, block }) => ({
      message,
      read: async () => readBlock(block),
    }));
    this.sheets = new SavedSheets(
      [...sheets, ...(crops ? cropSheets(page, crops) : [])],
      (sheet) => void sheet.read().then((bytes) => this.say(sheet.message, bytes)),
    );
    this.coarsest = Math.min(...page.layout.grids.map(({ size }) => size));
  }

  get(name: string): unknown {
    return this.traits.get(name);
  }

  set(name: string, value: unknown): void {
    if (JSON.stringify(this.traits.get(name)) === JSON.stringify(value)) return;
    this.traits.set(name, value);
    this.emit(`change:${name}`);
  }

  save_changes(): void {
    this.onSave();
  }

  on(name: string, listener: Listener): void {
    this.listeners.set(name, (this.listeners.get(name) ?? new Set()).add(listener));
  }

  off(name?: string | null, listener?: Listener | null): void {
    if (name && listener) this.listeners.get(name)?.delete(listener);
    else if (name) this.listeners.delete(name);
    else this.listeners.clear();
  }

  /** Answers later, as a kernel does: who asks is not ready for the answer yet. */
  send(content: unknown): void {
    setTimeout(() => void this.receive(content as BrowserMessage));
  }

  private async receive(message: BrowserMessage): Promise<void> {
    switch (message.kind) {
      case "ready":
        for (const known of this.answers.begin()) this.say(known);
        this.sheets.begin(this.coarsest);
        break;
      case "visible":
        this.sheets.look(message.grid, [...message.cells, ...message.near]);
        break;
      case "missing":
        this.sheets.sendAgain(message.group, message.numbers);
        break;
      case "acknowledge":
        this.sheets.acknowledge(message.sheet);
        break;
      default:
        // A panel shows a picture that may be of a grid which is not in sight.
        if (message.kind === "inspect") this.sheets.look(message.grid, [message.cell]);
        for (const [group, units] of this.units?.pictures(message) ?? []) {
          this.sheets.lookAt(group, units);
        }
        for (const answer of this.units?.to(message) ?? []) this.say(answer.message, answer.bytes);
        for (const answer of await this.answers.to(message)) this.say(answer.message, answer.bytes);
    }
  }

  private say(message: KernelMessage, bytes?: Uint8Array<ArrayBuffer>): void {
    this.emit("msg:custom", message, bytes ? [new DataView(bytes.buffer)] : []);
  }

  private emit(name: string, ...values: unknown[]): void {
    for (const listener of [...(this.listeners.get(name) ?? [])]) listener(...(values as never[]));
  }
}
