import type { UnitPage } from "../../units/page";
import { Tile } from "../Tile";

/** One of the real crops on a unit's page. */
export function PageTile({ page, tile, size }: { page: UnitPage; tile: number; size: number }) {
  const left = (tile % page.columns) * page.tile;
  const top = Math.floor(tile / page.columns) * page.tile;
  return <Tile sheet={page.sheet} left={left} top={top} side={page.tile} size={size} />;
}
