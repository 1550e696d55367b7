import type { Camera, Size } from "../geometry/geometry";
import { viewportOf } from "../geometry/geometry";
import type { Grid } from "../geometry/grids";

/** A finer grid takes over once its cells are this large on the screen (CSS pixels). */
export const MIN_CELL = 44;
/** It gives way again only below this share of it, so that the level does not flicker. */
const HYSTERESIS = 0.8;

/**
 * Choose the grid to show. The coarsest is always good; a finer one needs cells large enough to read,
 * and at least as many cells in view as the coarser one: where too few samples fell, the finer
 * grid would only show less.
 */
export function chooseLevel(
  grids: readonly Grid[],
  camera: Camera,
  size: Size,
  current: number | null,
): number | null {
  if (grids.length === 0) return null;
  const sorted = [...grids].sort((a, b) => a.size - b.size);
  const box = viewportOf(camera, size);
  let chosen = sorted[0];
  let cells = chosen.countInBox(box);
  for (const grid of sorted.slice(1)) {
    const limit = current !== null && grid.size <= current ? MIN_CELL * HYSTERESIS : MIN_CELL;
    if (camera.k / grid.size < limit) break;
    const inView = grid.countInBox(box);
    if (inView < cells || inView === 0) break;
    chosen = grid;
    cells = inView;
  }
  return chosen.size;
}
