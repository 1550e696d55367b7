import type { Panel } from "../../panels/panel";
import { useWidget } from "../context";
import { ComparedChannels } from "./ComparedChannels";
import { ComparedClasses } from "./ComparedClasses";
import { CropStrip } from "./CropStrip";
import { LiveControls } from "./LiveControls";
import { MixView } from "./MixView";
import { PanelHead } from "./PanelHead";
import { VariantStrip } from "./VariantStrip";
import { Viewer, ViewerCaption } from "./Viewer";

/** Two cells side by side, what lies between them, and in what they differ. */
export function Comparison({ first, other }: { first: Panel; other: Panel }) {
  const { store, view } = useWidget();
  const mix = store.can("live") ? view.panels.mix.value : null;
  return (
    <>
      <div class="aw-pair-heads">
        <PanelHead panel={first} mark="A" />
        <PanelHead panel={other} mark="B" />
      </div>
      <div class={`aw-pair-pictures ${mix ? "" : "aw-without-mix"}`}>
        <Side panel={first} />
        {mix && <MixView mix={mix} />}
        <Side panel={other} />
      </div>
      <div class="aw-said">
        <ComparedClasses first={first.place} other={other.place} />
        <ComparedChannels first={first.place} other={other.place} />
      </div>
    </>
  );
}

function Side({ panel }: { panel: Panel }) {
  return (
    <div class="aw-side">
      <Viewer panel={panel} />
      <ViewerCaption panel={panel} />
      <LiveControls panel={panel} />
      <VariantStrip panel={panel} size={40} />
      <CropStrip panel={panel} size={44} limit={8} />
    </div>
  );
}
