import { IMAGE_VIEW, type OpenImage } from "../../image/open_image";
import type { Widget } from "../context";

/** Opens a file; says so where it is none that can be opened. */
export async function openFile(state: OpenImage, file: File, beside = false): Promise<void> {
  try {
    await state.open(file, file.name, beside);
  } catch {
    state.problem.value = `“${file.name}” is no image that this browser can read: JPEG, PNG and WebP are.`;
  }
}

/** Opens a real crop of a cell, or the whole image that it comes from, and shows the view. */
export function lookAtCrop(
  { store, view }: Widget,
  { grid, cell }: { grid: number; cell: number },
  crop: number,
  whole: boolean,
): void {
  const state = store.viewStates.get(IMAGE_VIEW) as OpenImage;
  state.openCrop(grid, cell, crop, whole);
  view.showing.value = IMAGE_VIEW;
}
