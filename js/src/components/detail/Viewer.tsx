import type { Panel } from "../../panels/panel";
import type { Inspection } from "../../store/inspections";
import { CellPicture } from "../CellPicture";
import { useWidget } from "../context";
import { lookAtCrop } from "../image/opening";
import { Trace } from "../Trace";
import { COSINE, describeProgress } from "../words";
import { CropInImage } from "./CropInImage";
import { LiveFrame } from "./LiveFrame";
import { MadeFrom } from "./MadeFrom";

/** The pictures in a panel's frame, and which one of them; none while it shows a crop. */
function inView(panel: Panel): { inspection: Inspection | null; at: number } {
  const { looking } = panel;
  const of = looking.kind === "variant" ? panel.variants : panel.live;
  return {
    inspection: of.value?.state.value ?? null,
    at: looking.kind === "variant" ? looking.at : 0,
  };
}

/** The large frame of a panel: the live picture, one of its variants, or a crop in its image. */
export function Viewer({ panel }: { panel: Panel }) {
  const { inspection, at } = inView(panel);
  return panel.looking.kind === "crop" ? (
    <CropInImage place={panel.place} crop={panel.looking.at} />
  ) : (
    <LiveFrame inspection={inspection} at={at} label="The picture as it is being optimised">
      <CellPicture of={panel.key} size={224} />
    </LiveFrame>
  );
}

/** The caption of the frame. */
export function ViewerCaption({ panel }: { panel: Panel }) {
  const widget = useWidget();
  const { store } = widget;
  void store.details.version.value;
  const { looking } = panel;
  if (looking.kind === "crop") {
    const found = store.details.cropInImage(panel.place, looking.at);
    return (
      <div class="aw-live-caption aw-origin-words">
        {found && (
          <>
            <span class="aw-origin-name">{found.name}</span>
            <span title="The side of what the layer effectively sees, outlined, of what the network is given, bright">
              sees {found.seen} of {found.input} px
            </span>
            {found.credit && <span class="aw-origin-credit">{found.credit}</span>}
            <span>
              <button
                type="button"
                class="aw-link"
                title="Open what the network was given, through the layers, with this crop’s position pinned"
                disabled={!store.connected.value}
                data-aw-look-at="crop"
                onClick={() => lookAtCrop(widget, panel.place, looking.at, false)}
              >
                Through the layers
              </button>{" "}
              <button
                type="button"
                class="aw-link"
                title="Open the whole image that it comes from, through the layers"
                disabled={!store.connected.value}
                data-aw-look-at="image"
                onClick={() => lookAtCrop(widget, panel.place, looking.at, true)}
              >
                The whole image
              </button>
            </span>
          </>
        )}
      </div>
    );
  }
  const { inspection, at } = inView(panel);
  const trace = looking.kind === "live" ? (inspection?.trace ?? []) : [];
  return (
    <>
      <div class="aw-live-caption" title={COSINE}>
        <span>
          {looking.kind === "variant" && `Variant ${at + 1}: `}
          {describeProgress(inspection, store.connected.value, at)}
        </span>
        {inspection && trace.length > 1 && <Trace points={trace} steps={inspection.steps} />}
      </div>
      <MadeFrom inspection={inspection} />
    </>
  );
}
