import { type Comparison, membersOf, otherSide, whereabouts } from "../../compare/comparison";
import { formatDecimal, plural } from "../../util/numbers";
import { CellPicture } from "../CellPicture";
import type { Looking } from "./useLooking";
import { fateOf, interval } from "./words";

const PICTURE = 88; // CSS pixels, as in compare.css

/** The cell that is looked at, its partner on the other map, and where its samples went. */
export function ComparedCellPanel({
  comparison,
  looking,
  hint,
}: {
  comparison: Comparison;
  looking: Looking;
  /** Said while none is looked at. */
  hint: string;
}) {
  const at = looking.at.value;
  const map = at && comparison.maps[at.side];
  const cell = at && map?.cells.get(at.cell);
  if (!at || !map || !cell) {
    return (
      <section class="aw-compare-cell">
        <p class="aw-note">{hint}</p>
      </section>
    );
  }
  const side = otherSide(at.side);
  const other = comparison.maps[side];
  const went = whereabouts(other, membersOf(map, at.cell));
  const { agreement, low, high, partner, count, images } = cell;
  return (
    <section class="aw-compare-cell" data-aw-compared-cell={`${at.side}:${at.cell}`}>
      <div class="aw-compare-pair">
        <figure>
          <CellPicture of={map.grid.key(at.cell)} size={PICTURE} />
          <figcaption>{map.name}</figcaption>
        </figure>
        {partner !== null && (
          <figure data-aw-partner={partner}>
            <CellPicture of={other.grid.key(partner)} size={PICTURE} />
            <figcaption>{other.name}</figcaption>
          </figure>
        )}
      </div>
      <p>
        {plural(count, "sample")} of {plural(images, "image")}
        {agreement !== null && (
          <>
            {" "}
            · neighbours kept <strong>{formatDecimal(agreement)}</strong>{" "}
            <small>{interval(low, high)}</small>
          </>
        )}
      </p>
      <p>{fateOf(cell, at.side, other, went)}</p>
      {looking.kept.value && <p class="aw-note">Kept: click it again to let go.</p>}
    </section>
  );
}
