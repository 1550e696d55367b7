import type { ComponentType } from "preact";
import type { Panel } from "./panel";

/** One part of a cell's panel, shown while its tab is chosen. */
export interface PanelTab {
  readonly name: string;
  /** On the tab. */
  readonly words: string;
  readonly Body: ComponentType<{ panel: Panel }>;
}

const registered: PanelTab[] = [];

/** Adds a part to every cell's panel, after those that are there. */
export function registerTab(tab: PanelTab): void {
  if (registered.some(({ name }) => name === tab.name)) {
    throw new Error(`there are two tabs named "${tab.name}"`);
  }
  registered.push(tab);
}

export const allTabs = (): readonly PanelTab[] => registered;
