import { IMAGE_VIEW, type OpenImage } from "../../image/open_image";
import type { ExactExample } from "../../units/blocks";
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

/** Opens the whole image that a sample of the atlas comes from, and shows the view. */
export function lookAtSample({ store, view }: Widget, sample: number): void {
  (store.viewStates.get(IMAGE_VIEW) as OpenImage).openSample(sample);
  view.showing.value = IMAGE_VIEW;
}

/** Opens an image in which a unit is most active, at the position where it is. */
export function lookAtExample({ store, view }: Widget, { image, name, box }: ExactExample): void {
  const state = store.viewStates.get(IMAGE_VIEW) as OpenImage;
  const [left, top, right, bottom] = box;
  state.openExample(image, name, (left + right) / 2, (top + bottom) / 2);
  view.showing.value = IMAGE_VIEW;
}
