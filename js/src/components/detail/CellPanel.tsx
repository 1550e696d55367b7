import type { Panel } from "../../panels/panel";
import { CausesTab } from "../causes/CausesTab";
import { PatchLabTab } from "../causes/PatchLabTab";
import { useWidget } from "../context";
import { DiagnosisTab } from "../diagnosis/DiagnosisTab";
import { StateMark } from "../StateMark";
import { describePicture, toneOf } from "../words";
import { CellChannels } from "./CellChannels";
import { CellClasses } from "./CellClasses";
import { CropStrip } from "./CropStrip";
import { LiveControls } from "./LiveControls";
import { PanelHead } from "./PanelHead";
import { type PanelTab, PanelTabs } from "./PanelTabs";
import { VariantStrip } from "./VariantStrip";
import { Viewer, ViewerCaption } from "./Viewer";

/** One cell in depth: its picture optimised live, what was there in truth, what it argues for. */
export function CellPanel({ panel }: { panel: Panel }) {
  return (
    <>
      <PanelHead panel={panel} />
      <PanelTabs panel={panel} tabs={TABS} />
    </>
  );
}

/** The parts of a panel, in this order; which one is shown stays when another cell is opened. */
const TABS: readonly PanelTab[] = [
  { name: "cell", words: "Cell", Body: CellTab },
  { name: "diagnosis", words: "Is it real?", Body: DiagnosisTab },
  { name: "causes", words: "Causes", Body: CausesTab },
  { name: "patch", words: "Patch lab", Body: PatchLabTab },
];

function CellTab({ panel }: { panel: Panel }) {
  return (
    <>
      <div class="aw-made">
        <div class="aw-live-row">
          <Viewer panel={panel} />
          <CropStrip panel={panel} size={53} limit={8} />
        </div>
        <ViewerCaption panel={panel} />
        <LiveControls panel={panel} />
        <VariantStrip panel={panel} size={81} />
        <AtlasPictureState panel={panel} />
      </div>
      <div class="aw-said">
        <CellClasses place={panel.place} />
        <CellChannels place={panel.place} />
      </div>
    </>
  );
}

function AtlasPictureState({ panel }: { panel: Panel }) {
  const { store } = useWidget();
  void store.pictureVersion.value;
  const picture = store.pictures.get(panel.place.grid, panel.place.cell) ?? null;
  return (
    <p class="aw-detail-state" title="The picture in the atlas">
      <StateMark tone={toneOf(picture)} />
      Atlas: {describePicture(picture)}
    </p>
  );
}
