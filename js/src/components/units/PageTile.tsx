import type { UnitPage } from "../../units/page";
import { useWidget } from "../context";
import { lookAtSample } from "../image/opening";
import { Tile } from "../Tile";

/** One of the real crops on a unit's page; a click looks at the image that it comes from. */
export function PageTile({
  page,
  tile,
  size,
  words,
}: {
  page: UnitPage;
  tile: number;
  size: number;
  /** What it is, for its name. */
  words: string;
}) {
  const widget = useWidget();
  const left = (tile % page.columns) * page.tile;
  const top = Math.floor(tile / page.columns) * page.tile;
  const sample = page.samples[tile];
  const label = `${words}; look at its image`;
  return (
    <button
      type="button"
      class="aw-tile-button"
      title={label}
      aria-label={label}
      disabled={sample === undefined || !widget.store.connected.value}
      data-aw-sample={sample}
      onClick={() => lookAtSample(widget, sample)}
    >
      <Tile sheet={page.sheet} left={left} top={top} side={page.tile} size={size} />
    </button>
  );
}
