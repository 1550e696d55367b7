/**
 * The registry of views: an atlas is one, and further ones need no more than a module in
 * `js/src/views` that calls `registerView`.
 */
import type { ReadonlySignal } from "@preact/signals";
import type { ComponentType } from "preact";
import type { BrowserMessage } from "../protocol/messages";
import type { Part } from "../protocol/parts";

/** The kernel, as a view's state sees it. */
export interface Kernel {
  readonly connected: ReadonlySignal<boolean>;
  send(message: BrowserMessage, buffers?: Uint8Array<ArrayBuffer>[]): void;
}

export interface ViewModule<State extends Part> {
  readonly name: string;
  /** On the button that shows it. */
  readonly title: string;
  /** Makes its state, and the handlers that fill it; shared by all displays of a widget. */
  makeState(kernel: Kernel): State;
  /** Shown in place of the atlas while the view is chosen; it stays mounted once it was. */
  readonly Component: ComponentType<{ state: State }>;
}

/** The view that a widget opens with. */
export const FIRST_VIEW = "atlas";

const registered = new Map<string, ViewModule<Part>>();

export function registerView<State extends Part>(view: ViewModule<State>): void {
  if (registered.has(view.name)) throw new Error(`there are two views named "${view.name}"`);
  // Each component is only ever given the state that its own module has made.
  registered.set(view.name, view as unknown as ViewModule<Part>);
}

/** All views, the one that a widget opens with first. */
export function allViews(): readonly ViewModule<Part>[] {
  const isFirst = (view: ViewModule<Part>) => Number(view.name === FIRST_VIEW);
  return [...registered.values()].sort((a, b) => isFirst(b) - isFirst(a));
}
