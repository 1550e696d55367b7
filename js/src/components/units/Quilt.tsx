import type { UnitPage } from "../../units/page";
import { formatCount, formatPlain } from "../../util/numbers";
import { PageTile } from "./PageTile";

const SIZE = 52;

/** Examples over the whole range of activations, a column a range. */
export function Quilt({ page }: { page: UnitPage }) {
  return (
    <section>
      <h3>
        Over the whole range{" "}
        <small>samples drawn at random, weaker activations on the left: is it one thing?</small>
      </h3>
      <div class="aw-quilt" data-aw-quilt={page.quilt.length}>
        {page.quilt.map((column, at) => (
          <div
            key={at}
            class="aw-quilt-column"
            title={`${formatCount(column.count)} samples with activations from ${formatPlain(column.low)} to ${formatPlain(column.high)}`}
          >
            {Array.from({ length: column.tiles }, (_, tile) => (
              <PageTile key={tile} page={page} tile={column.first + tile} size={SIZE} />
            ))}
            <small>
              {at === 0 && column.high <= 0 ? "≤ 0" : `≤ ${formatPlain(column.high)}`}
              <br />
              {formatCount(column.count)}
            </small>
          </div>
        ))}
      </div>
    </section>
  );
}
