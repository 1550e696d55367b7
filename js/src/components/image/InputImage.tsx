import type { Opened } from "../../image/answers";
import type { LayerPosition } from "../../image/looking";
import type { OpenImage } from "../../image/open_image";
import { percent } from "../Stretch";
import { WholeImage } from "../WholeImage";

/** The image as the model is given it, with what the position that is looked at sees of it. */
export function InputImage({ state, opened }: { state: OpenImage; opened: Opened }) {
  const { looking } = state;
  const { picture, layers } = opened;
  const layer = looking.layer.value;
  const map = layers[layer];
  const at = looking.at.value;
  void state.version.value;
  const box = at ? state.positionFacts(at.layer, at.position)?.box : null;
  const under = (event: MouseEvent): LayerPosition => {
    const { left, top, width, height } = (event.currentTarget as Element).getBoundingClientRect();
    const part = (value: number, count: number) =>
      Math.min(count - 1, Math.max(0, Math.floor(value * count)));
    const row = part((event.clientY - top) / height, map.rows);
    const column = part((event.clientX - left) / width, map.columns);
    return { layer, position: row * map.columns + column };
  };
  return (
    <button
      type="button"
      class="aw-input-image"
      aria-label={`${opened.name || "The image"}, as the model is given it; arrow keys go through the positions of ${map?.name}`}
      style={picture ? { aspectRatio: `${picture.width} / ${picture.height}` } : undefined}
      data-aw-input-image
      onPointerMove={(event) => {
        if (event.pointerType !== "touch") looking.hover(under(event));
      }}
      onPointerLeave={() => {
        looking.hover(null);
      }}
      onClick={(event) => {
        const at = event.detail === 0 ? looking.pinned.peek() : under(event);
        if (at) looking.pin(at);
      }}
    >
      <WholeImage
        image={picture}
        label={`${opened.name || "The image"}, as the model is given it`}
      />
      {box && (
        <span
          class="aw-input-box"
          title="What this position effectively sees"
          style={{
            left: percent(box[0]),
            top: percent(box[1]),
            width: percent(box[2] - box[0]),
            height: percent(box[3] - box[1]),
          }}
        />
      )}
      {at && layers[at.layer] && (
        <span class="aw-input-position" style={squareStyle(at, layers[at.layer])} />
      )}
    </button>
  );
}

function squareStyle({ position }: LayerPosition, map: { rows: number; columns: number }) {
  const { rows, columns } = map;
  return {
    left: percent((position % columns) / columns),
    top: percent(Math.floor(position / columns) / rows),
    width: percent(1 / columns),
    height: percent(1 / rows),
  };
}
