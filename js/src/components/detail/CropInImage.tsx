import type { Place } from "../../geometry/place";
import { useWidget } from "../context";
import { percent } from "../Stretch";
import { WholeImage } from "../WholeImage";
import { KERNEL_WENT } from "../words";

/** Left, top, right, bottom in fractions → where that lies within its parent. */
const boxStyle = ([left, top, right, bottom]: number[]) => ({
  left: percent(left),
  top: percent(top),
  width: percent(right - left),
  height: percent(bottom - top),
});

/** The image that a crop comes from: what the network was given of it, and what the layer saw. */
export function CropInImage({ place, crop }: { place: Place; crop: number }) {
  const { store } = useWidget();
  void store.details.version.value;
  const found = store.details.cropInImage(place, crop);
  const image = found?.image ?? null;
  const wide = image && image.width >= image.height;
  return (
    <div class="aw-live aw-live-frame aw-origin">
      {image && found && (
        <div
          class="aw-origin-image"
          style={{
            aspectRatio: `${image.width} / ${image.height}`,
            [wide ? "width" : "height"]: "100%",
          }}
        >
          <WholeImage
            image={image}
            label={`${found.name}, with what the layer sees of it outlined`}
          />
          <span class="aw-origin-crop" style={boxStyle(found.cropBox)} />
          <span class="aw-origin-seen" style={boxStyle(found.seenBox)} />
        </div>
      )}
      {!image && (
        <p class="aw-note">
          {found?.note || (store.connected.value ? "Reading the image…" : KERNEL_WENT)}
        </p>
      )}
    </div>
  );
}
