import type { QuiltColumn, UnitPage } from "../../units/page";
import { formatCount, formatPercent, formatPlain } from "../../util/numbers";
import { PageTile } from "./PageTile";

const SIZE = 52;

/** Examples over the whole range of activations, a column a range. */
export function Quilt({ page }: { page: UnitPage }) {
  const labels = mostFrequent(page.quilt);
  return (
    <section>
      <h3>
        Over the whole range{" "}
        <small>
          random samples, from weak activations on the left to strong ones: do all show the same
          thing?
        </small>
      </h3>
      <div class="aw-quilt" data-aw-quilt={page.quilt.length}>
        {page.quilt.map((column, at) => (
          <div key={at} class="aw-quilt-column" title={describe(column)}>
            {Array.from({ length: column.tiles }, (_, tile) => (
              <PageTile
                key={tile}
                page={page}
                tile={column.first + tile}
                size={SIZE}
                words={describe(column)}
              />
            ))}
            <small>
              {at === 0 && column.high <= 0 ? "≤ 0" : `≤ ${formatPlain(column.high)}`}
              <br />
              {formatCount(column.count)}
            </small>
            <Mix column={column} labels={labels} />
          </div>
        ))}
      </div>
      {labels.length > 0 && (
        <p class="aw-note aw-quilt-legend" data-aw-quilt-labels={labels.length}>
          Below each range its most frequent labels:{" "}
          {labels.map((label, at) => (
            <span key={label}>
              <i class={`aw-label-${at}`} /> {label}{" "}
            </span>
          ))}
          <i /> others
        </p>
      )}
    </section>
  );
}

const COLOURS = 5;

/** The labels that are frequent in most ranges, which have a colour of their own. */
function mostFrequent(quilt: readonly QuiltColumn[]): string[] {
  const sums = new Map<string, number>();
  for (const { labels } of quilt) {
    for (const { label, share } of labels) sums.set(label, (sums.get(label) ?? 0) + share);
  }
  return [...sums]
    .sort(([, a], [, b]) => b - a)
    .slice(0, COLOURS)
    .map(([label]) => label);
}

/** The most frequent labels of a range, as parts of a bar. */
function Mix({ column, labels }: { column: QuiltColumn; labels: readonly string[] }) {
  if (column.labels.length === 0) return null;
  return (
    <div class="aw-label-bar" aria-hidden="true">
      {column.labels.map(({ label, share }) => (
        <i
          key={label}
          class={labels.includes(label) ? `aw-label-${labels.indexOf(label)}` : ""}
          style={{ width: `${100 * share}%` }}
        />
      ))}
    </div>
  );
}

function describe({ count, low, high, labels }: QuiltColumn): string {
  const range = `${formatCount(count)} samples with activations from ${formatPlain(low)} to ${formatPlain(high)}`;
  const mix = labels.map(({ label, share }) => `${label} ${formatPercent(share)}`).join(", ");
  return mix ? `${range}; most frequent: ${mix}` : range;
}
