import { useWidget } from "./context";
import { Drawing } from "./Drawing";

/** The picture of a cell, as good as it is here now. */
export function CellPicture({ grid, cell, size }: { grid: number; cell: number; size: number }) {
  const { store } = useWidget();
  const version = store.pictureVersion.value;
  const picture = store.pictures.get(grid, cell);
  return (
    <Drawing
      size={size}
      of={[version, picture]}
      class="aw-picture"
      paint={(context, side) => {
        if (picture) store.pictures.draw(context, picture, 0, 0, side);
      }}
    />
  );
}
