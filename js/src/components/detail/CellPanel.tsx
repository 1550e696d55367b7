import type { Panel } from "../../panels/panel";
import { PanelHead } from "./PanelHead";
import { PanelTabs } from "./PanelTabs";

/** One cell in depth: its picture optimised live, what was there in truth, what it argues for. */
export function CellPanel({ panel }: { panel: Panel }) {
  return (
    <>
      <PanelHead panel={panel} />
      <PanelTabs panel={panel} />
    </>
  );
}
