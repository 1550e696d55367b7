import { useEffect } from "preact/hooks";
import { IMAGES_PER_REQUEST } from "../causes/causes";
import { useWidget } from "./context";
import { Tile } from "./Tile";

const SIZE = 44;

/** The user's images, to choose from; more of them come as one scrolls on. */
export function ImageStrip({
  label,
  chosen,
  onChoose,
}: {
  /** Said aloud of the whole strip. */
  label: string;
  chosen: number | null;
  onChoose: (image: number, name: string) => void;
}) {
  const { store } = useWidget();
  const { causes } = store;
  void causes.version.value;
  const connected = store.connected.value;
  const { images, imageCount } = causes;
  useEffect(() => {
    if (connected) causes.wantImages(0);
  }, [connected]);
  const next = Math.ceil((images.at(-1)?.image ?? -1) / IMAGES_PER_REQUEST) * IMAGES_PER_REQUEST;
  const more = imageCount !== null && images.length > 0 && next < imageCount;
  return (
    <div
      class="aw-strip"
      role="radiogroup"
      aria-label={label}
      onScroll={(event) => {
        const { scrollLeft, clientWidth, scrollWidth } = event.currentTarget;
        if (connected && more && scrollLeft + clientWidth > scrollWidth - 2 * SIZE) {
          causes.wantImages(next);
        }
      }}
    >
      {images.map(({ image, name, sheet, tile: [side, left, top] }) => (
        <button
          key={image}
          type="button"
          role="radio"
          class="aw-crop-button"
          aria-checked={image === chosen}
          aria-label={name}
          title={name}
          data-aw-image={image}
          onClick={() => onChoose(image, name)}
        >
          <Tile sheet={sheet} left={left} top={top} side={side} size={SIZE} />
        </button>
      ))}
      {more && (
        <button
          type="button"
          class="aw-link"
          disabled={!connected}
          onClick={() => causes.wantImages(next)}
        >
          More
        </button>
      )}
      {images.length === 0 && <p class="aw-note">{connected ? "Reading the images…" : ""}</p>}
    </div>
  );
}
