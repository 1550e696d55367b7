import { clamp } from "../geometry/geometry";

/** Rows beyond the ones in sight that are drawn as well, so that scrolling shows no gap. */
const MARGIN = 1;

/** The rows of a wrapping grid that are in sight: how many columns, from which row, up to which. */
export function rowsInSight(
  count: number,
  tile: { width: number; height: number },
  box: { width: number; height: number; top: number },
): { columns: number; first: number; last: number; height: number } {
  const columns = Math.max(1, Math.floor(box.width / tile.width));
  const rows = Math.ceil(count / columns);
  const first = clamp(Math.floor(box.top / tile.height) - MARGIN, 0, Math.max(rows - 1, 0));
  const last = clamp(Math.ceil((box.top + box.height) / tile.height) + MARGIN, first, rows);
  return { columns, first, last, height: rows * tile.height };
}
