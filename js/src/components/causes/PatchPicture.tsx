import type { Place } from "../../geometry/place";
import { cellKey } from "../../protocol/picture_key";
import { CellPicture } from "../CellPicture";
import { Crop } from "../Crops";
import { useWidget } from "../context";

/** The patch that is put on images: the picture of a cell, or one of its real crops. */
export function PatchPicture({ place, crop, size }: { place: Place; crop: number; size: number }) {
  const { store } = useWidget();
  void store.cards.version.value;
  const { grid, cell } = place;
  if (crop < 0) return <CellPicture of={cellKey(grid, cell)} size={size} />;
  const card = store.cards.get(cellKey(grid, cell));
  return card ? <Crop card={card} index={crop} size={size} /> : null;
}
