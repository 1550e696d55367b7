import type { PictureKey } from "../protocol/picture_key";
import { useWidget } from "./context";
import { Drawing } from "./Drawing";

/** A picture, as good as it is here now. */
export function CellPicture({ of, size }: { of: PictureKey; size: number }) {
  const { store } = useWidget();
  const version = store.pictureVersion.value;
  const picture = store.pictures.get(of);
  return (
    <Drawing
      size={size}
      of={[version, picture]}
      class="aw-picture"
      state={picture?.state ?? "none"}
      paint={(context, side) => {
        if (picture) store.pictures.draw(context, picture, 0, 0, side);
      }}
    />
  );
}
