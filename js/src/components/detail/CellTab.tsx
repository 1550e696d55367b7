import type { Panel } from "../../panels/panel";
import { useWidget } from "../context";
import { StateMark } from "../StateMark";
import { describeJudgement, describePicture, JUDGEMENT, toneOf } from "../words";
import { CellChannels } from "./CellChannels";
import { CellClasses } from "./CellClasses";
import { CropStrip } from "./CropStrip";
import { LiveControls } from "./LiveControls";
import { VariantStrip } from "./VariantStrip";
import { Viewer, ViewerCaption } from "./Viewer";

/** A cell’s picture optimised live, its nearest real crops, and what it argues for. */
export function CellTab({ panel }: { panel: Panel }) {
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
  void store.cards.version.value;
  const picture = store.pictures.get(panel.key) ?? null;
  void store.judgements.version.value;
  const made = store.cards.get(panel.key)?.made;
  const judgement = store.judgements.of(panel.place);
  return (
    <div class="aw-detail-state">
      <p title="The picture in the atlas">
        <StateMark tone={toneOf(picture)} />
        Atlas: {describePicture(picture, store.can("live"))}
        {made && <span data-aw-made> · {made}</span>}
      </p>
      {judgement && (
        <p title={JUDGEMENT} data-aw-judged>
          {describeJudgement(judgement)}
        </p>
      )}
    </div>
  );
}
