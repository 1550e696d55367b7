import type { Opened, Places } from "../../image/answers";
import type { LayerPosition } from "../../image/looking";
import type { OpenImage } from "../../image/open_image";
import { FIRST_VIEW } from "../../store/view_registry";
import type { Widget } from "../context";

/** The place of a position on the atlas; null if its layer is not the atlas's. */
export function placeOf(
  places: Places | null,
  at: LayerPosition | null,
): { grid: number; cell: number | null; cosine: number; unusual: boolean } | null {
  if (!places || at?.layer !== places.layer) return null;
  const { position } = at;
  return {
    grid: places.grid,
    cell: places.cells[position] ?? null,
    cosine: places.cosine[position] ?? 0,
    unusual: places.unusual[position] ?? false,
  };
}

/** Shows the positions of the atlas's layer on its map, and the pinned one's cell. */
export function showPlaces({ view, store, host }: Widget, state: OpenImage): void {
  const [opened, places] = [state.opened.peek(), state.places.peek()];
  if (!opened || !places) return;
  const found = placeOf(places, state.looking.pinned.peek());
  store.photo.placed.value = asPhoto(opened, places);
  view.showing.value = FIRST_VIEW;
  host.focus({ preventScroll: true }); // this view goes out of sight
  const cell = found?.cell ?? null;
  const cells = cell === null ? places.cells.filter((each) => each !== null) : [cell];
  if (cells.length > 0) view.navigation.flyToCells(places.grid, [...new Set(cells)]);
}

function asPhoto({ name, layers, picture }: Opened, places: Places) {
  const { rows, columns } = layers[places.layer];
  const positions = places.x.map((x, at) => ({
    row: Math.floor(at / columns),
    column: at % columns,
    x,
    y: places.y[at] ?? 0,
    cosine: places.cosine[at] ?? 0,
    unusual: places.unusual[at] ?? false,
  }));
  return { name, rows, columns, positions, picture };
}
