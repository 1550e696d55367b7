import { useWidget } from "../context";
import { Tile } from "../Tile";

/** The picture of a unit of the network that is compared with; blank until it is made. */
export function OtherPicture({ unit, size }: { unit: number; size: number }) {
  const picture = useWidget().store.beside.pictures.value.get(unit) ?? null;
  return (
    <span class="aw-other-picture" data-aw-other={picture ? unit : ""}>
      <Tile sheet={picture} left={0} side={picture?.width ?? size} size={size} />
    </span>
  );
}
