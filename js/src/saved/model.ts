import type { AnyModel } from "@anywidget/types";
import type { BrowserMessage, KernelMessage } from "../protocol/messages";
import { Answers } from "./answers";
import type { ReadBlock, SavedPage } from "./format";
import { SavedSheets } from "./sheets";

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
  private readonly coarsest: number;

  constructor(page: SavedPage, readBlock: ReadBlock) {
    this.traits = new Map(Object.entries(page.traits));
    this.answers = new Answers(page, readBlock);
    this.sheets = new SavedSheets(page.sheets, ({ message, block }) =>
      this.say(message, readBlock(block)),
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
