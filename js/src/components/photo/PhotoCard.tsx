import { pinsOf } from "../../geometry/pins";
import { combineFor } from "../../geometry/selection";
import type { PlacedPhoto } from "../../store/photo";
import { formatDecimal, plural } from "../../util/numbers";
import { useWidget } from "../context";
import { CloseButton } from "../controls/IconButton";
import { Drawing } from "../Drawing";

const SIDE = 148;
/** [rows, columns] */
const STEPS: Record<string, [number, number]> = {
  ArrowUp: [-1, 0],
  ArrowDown: [1, 0],
  ArrowLeft: [0, -1],
  ArrowRight: [0, 1],
};

/** The photo whose places are shown: what of it falls where. */
export function PhotoCard() {
  const { store, view } = useWidget();
  const photo = store.photo.placed.value;
  const level = view.level.value;
  if (!photo || level === null) return null;
  const pins = pinsOf(photo.positions, level);
  const known = new Set(view.grid?.ids ?? []);
  const cells = pins.map((pin) => pin.cell).filter((cell) => known.has(cell));
  const active = view.active.value;
  const under =
    active?.grid === level ? pins.find((pin) => pin.cell === active.cell)?.positions : undefined;
  const looked = view.photoPosition.value;
  const lit = looked !== null ? [looked] : (under ?? []);
  const unusual = photo.positions.filter((position) => position.unusual).length;
  return (
    <section
      class="aw-photo aw-floating"
      aria-label="Photo on the map"
      data-aw-photo={cells.length}
    >
      <header>
        <strong title={photo.name}>{photo.name || "Photo"}</strong>
        <CloseButton
          title="Take the photo off the map"
          label="Take the photo off the map"
          onClose={() => {
            view.photoPosition.value = null;
            store.photo.remove();
          }}
        />
      </header>
      <button
        type="button"
        class="aw-photo-picture"
        aria-label={`The photo: its positions fall into ${plural(pins.length, "cell")}; arrow keys go through them`}
        onPointerMove={(event) => {
          view.photoPosition.value = positionAt(photo, event);
        }}
        onPointerLeave={() => {
          view.photoPosition.value = null;
        }}
        onBlur={() => {
          view.photoPosition.value = null;
        }}
        onKeyDown={(event) => {
          const step = STEPS[event.key];
          if (!step) return;
          event.preventDefault();
          event.stopPropagation();
          view.photoPosition.value = neighbour(photo, looked, step);
        }}
        onClick={(event) => {
          // by the keyboard it is the position that is looked at
          const at = event.detail === 0 ? looked : positionAt(photo, event);
          const pin = at === null ? undefined : pins.find((each) => each.positions.includes(at));
          if (pin) view.navigation.flyToCells(level, [pin.cell]);
        }}
      >
        <Drawing
          size={SIDE}
          of={[photo, lit.join()]}
          paint={(context, side) => paint(context, side, photo, lit)}
        />
      </button>
      <p class="aw-note">{describe(photo, pins.length, unusual, looked)}</p>
      <p class="aw-photo-actions">
        <button
          type="button"
          class="aw-link"
          data-aw-photo-zoom
          disabled={cells.length === 0}
          onClick={() => view.navigation.flyToCells(level, cells)}
        >
          Zoom there
        </button>
        <button
          type="button"
          class="aw-link"
          title="Select these cells; Shift adds, Alt removes"
          data-aw-photo-select
          disabled={cells.length === 0}
          onClick={(event) => view.selectCells(level, cells, combineFor(event))}
        >
          Select
        </button>
      </p>
    </section>
  );
}

function describe(
  photo: PlacedPhoto,
  cells: number,
  unusual: number,
  looked: number | null,
): string {
  if (looked !== null) {
    const { cosine, unusual: odd } = photo.positions[looked];
    return `cosine ${formatDecimal(cosine)} to the nearest sample${odd ? ": unlike all samples" : ""}`;
  }
  const where = `${plural(photo.positions.length, "position")} in ${plural(cells, "cell")}`;
  return unusual > 0 ? `${where}; ${unusual} unlike all samples (dashed)` : where;
}

/** The position under the pointer; none in the outermost ring, which has no samples. */
function positionAt(photo: PlacedPhoto, event: MouseEvent): number | null {
  const box = (event.currentTarget as Element).getBoundingClientRect();
  const row = ((event.clientY - box.top) / box.height) * photo.rows - 0.5;
  const column = ((event.clientX - box.left) / box.width) * photo.columns - 0.5;
  const reach = Math.max(1, photo.rows / Math.sqrt(photo.positions.length));
  let found: number | null = null;
  let nearest = reach;
  photo.positions.forEach((position, at) => {
    const distance = Math.hypot(position.row - row, position.column - column);
    if (distance < nearest) {
      nearest = distance;
      found = at;
    }
  });
  return found;
}

/** The next position in a direction; the first one if none was looked at, the same at the rim. */
function neighbour(
  { positions }: PlacedPhoto,
  from: number | null,
  [down, right]: [number, number],
): number | null {
  const now = from === null ? undefined : positions[from];
  if (!now) return positions.length > 0 ? 0 : null;
  const along = ({ row, column }: { row: number; column: number }) =>
    down * (row - now.row) + right * (column - now.column);
  const aside = ({ row, column }: { row: number; column: number }) =>
    down === 0 ? row === now.row : column === now.column;
  const ahead = positions
    .map((position, at) => ({ at, distance: aside(position) ? along(position) : 0 }))
    .filter(({ distance }) => distance > 0)
    .sort((a, b) => a.distance - b.distance);
  return ahead[0]?.at ?? from;
}

function paint(
  context: CanvasRenderingContext2D,
  side: number,
  { picture, positions, rows, columns }: PlacedPhoto,
  lit: readonly number[],
): void {
  if (picture) context.drawImage(picture as CanvasImageSource, 0, 0, side, side);
  const ratio = side / SIDE;
  const height = side / rows;
  const width = side / columns;
  if (lit.length > 0) {
    context.fillStyle = "rgba(0, 0, 0, 0.45)";
    context.fillRect(0, 0, side, side);
    for (const at of lit) {
      const { row, column } = positions[at];
      const [x, y] = [column * width, row * height];
      if (picture) {
        const scale = picture.width / side;
        context.drawImage(
          picture as CanvasImageSource,
          x * scale,
          y * scale,
          width * scale,
          height * scale,
          x,
          y,
          width,
          height,
        );
      }
      context.lineWidth = 2 * ratio;
      context.strokeStyle = "#fff";
      context.strokeRect(x, y, width, height);
    }
    return;
  }
  for (const { row, column, unusual } of positions) {
    context.beginPath();
    context.arc((column + 0.5) * width, (row + 0.5) * height, 2.2 * ratio, 0, 2 * Math.PI);
    context.fillStyle = unusual ? "rgba(31, 41, 55, 0.75)" : "rgba(255, 255, 255, 0.9)";
    context.fill();
  }
}
