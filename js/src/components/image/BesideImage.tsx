import { useSignal } from "@preact/signals";
import type { Opened } from "../../image/answers";
import { paintStrengths, squaresOf } from "../../image/grid_painter";
import type { OpenImage } from "../../image/open_image";
import { formatDecimal } from "../../util/numbers";
import { useWidget } from "../context";
import { CloseButton } from "../controls/IconButton";
import { Drawing } from "../Drawing";
import { ImageStrip } from "../ImageStrip";
import { FileButton } from "../photo/FileButton";
import { openFile } from "./opening";

const SIZE = 236;

/** A second image: which of its positions look to a layer like the one that is looked at. */
export function BesideImage({ state, opened }: { state: OpenImage; opened: Opened }) {
  const { store } = useWidget();
  const choosing = useSignal(false);
  const beside = state.beside.value;
  const connected = store.connected.value;
  if (!beside) {
    return (
      <section class="aw-image-block">
        {choosing.value ? (
          <>
            <h3>Second image</h3>
            <FileButton onFile={(file) => void openFile(state, file, true)} data-aw-image-file>
              {(open) => (
                <button type="button" class="aw-link" onClick={open}>
                  Choose a file…
                </button>
              )}
            </FileButton>
            <ImageStrip
              label="Second image"
              chosen={null}
              onChoose={(image, name) => state.openSource(image, name, true)}
            />
          </>
        ) : (
          <button
            type="button"
            class="aw-link"
            title="Which positions of another image look, to a layer, like the one that is pointed at?"
            disabled={!connected}
            data-aw-beside
            onClick={() => {
              choosing.value = true;
            }}
          >
            Compare with a second image…
          </button>
        )}
      </section>
    );
  }
  const at = state.looking.at.value;
  void state.version.value;
  const map = at && opened.layers[at.layer];
  const alike = at ? (state.positionFacts(at.layer, at.position)?.alike ?? []) : [];
  const best = alike.length > 0 ? Math.max(...alike) : null;
  return (
    <section class="aw-image-block" data-aw-beside-image={beside.name} data-aw-alike={alike.length}>
      <div class="aw-image-title">
        <strong title={beside.name}>{beside.name || "Second image"}</strong>
        <CloseButton
          title="Close the second image"
          label="Close the second image"
          onClose={() => {
            choosing.value = false;
            state.close(true);
          }}
        />
      </div>
      <Drawing
        size={SIZE}
        of={[beside.picture, alike, map]}
        paint={(context, side) => {
          context.drawImage(beside.picture as CanvasImageSource, 0, 0, side, side);
          if (!map || alike.length === 0) return;
          context.globalAlpha = 0.62;
          paintStrengths(
            context,
            map,
            squaresOf(map, side),
            alike.map((cosine) => Math.max(0, cosine)),
          );
          context.globalAlpha = 1;
        }}
      />
      <p class="aw-note">
        {best === null
          ? "Point at a position to see which of these look like it."
          : `The brighter, the more alike ${map?.name} finds it to the chosen position: cosine up to ${formatDecimal(best)}.`}
      </p>
    </section>
  );
}
