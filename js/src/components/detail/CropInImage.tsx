import { useLayoutEffect, useRef } from "preact/hooks";
import type { Place } from "../../view/view";
import { describeWaiting } from "../../words";
import { useWidget } from "../context";

/** Left, top, right, bottom in fractions → where that lies within its parent. */
const boxStyle = ([left, top, right, bottom]: number[]) => ({
  left: `${100 * left}%`,
  top: `${100 * top}%`,
  width: `${100 * (right - left)}%`,
  height: `${100 * (bottom - top)}%`,
});

/** The image that a crop comes from: what the network was given of it, and what the layer saw. */
export function CropInImage({ place, crop }: { place: Place; crop: number }) {
  const { store } = useWidget();
  const canvas = useRef<HTMLCanvasElement>(null);
  void store.details.version.value;
  const found = store.details.cropInImage(place, crop);
  const image = found?.image ?? null;
  useLayoutEffect(() => {
    const element = canvas.current;
    if (!element || !image) return;
    element.width = image.width;
    element.height = image.height;
    element.getContext("2d")?.drawImage(image, 0, 0);
  }, [image]);
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
          <canvas
            ref={canvas}
            role="img"
            aria-label={`${found.name}, with what the layer sees of it outlined`}
          />
          <span class="aw-origin-crop" style={boxStyle(found.cropBox)} />
          <span class="aw-origin-seen" style={boxStyle(found.seenBox)} />
        </div>
      )}
      {!image && (
        <p class="aw-note">
          {found?.note ||
            (store.connected.value ? "Reading the image…" : describeWaiting(false, false))}
        </p>
      )}
    </div>
  );
}
