import { placeNames } from "../geometry/placed_names";
import { useWidget } from "./context";

/** Cells that are larger than this (pixels) speak for themselves. */
const MAX_CELL = 84;

/** Quiet names of regions over the zoomed-out map: what the images of their cells share. */
export function RegionNames() {
  const { store, view } = useWidget();
  const regions = store.regions.all.value;
  const camera = view.camera.value;
  const level = store.layout.value?.grids[0]?.size;
  if (!view.names.value || regions.length === 0 || level === undefined) return null;
  if (camera.k / level > MAX_CELL) return null;
  const active = view.active.value;
  const pointed = active
    ? [
        {
          x: (((active.cell % active.grid) + 0.5) / active.grid) * camera.k + camera.x,
          y: ((Math.floor(active.cell / active.grid) + 0.5) / active.grid) * camera.k + camera.y,
        },
      ]
    : [];
  return (
    <div class="aw-region-names" aria-hidden="true" data-aw-regions={regions.length}>
      {placeNames(regions, camera, view.size.value, pointed).map(({ named, at }) => (
        <span
          key={`${named.name} ${named.x} ${named.y}`}
          style={{ transform: `translate(${at.x}px, ${at.y}px) translate(-50%, -50%)` }}
        >
          {named.name}
        </span>
      ))}
    </div>
  );
}
