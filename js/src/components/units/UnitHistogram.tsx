import { clamp } from "../../geometry/geometry";
import type { Overview } from "../../units/overview";
import type { UnitPage } from "../../units/page";
import { formatCount, formatPlain } from "../../util/numbers";
import { useWidget } from "../context";

const WIDTH = 560;
const HEIGHT = 84;

/** How often each activation occurs, on a logarithmic axis, and where the pictures made for it lie. */
export function UnitHistogram({ page, overview }: { page: UnitPage; overview: Overview }) {
  const { store } = useWidget();
  const { low, high, bins } = page;
  if (!(high > low)) return null;
  const measures = [...store.openUnit.measures.value.values()];
  const ends = [low, high, ...measures.map(({ activation }) => activation)];
  const [from, to] = [Math.min(...ends), Math.max(...ends)];
  const at = (value: number) => ((value - from) / (to - from)) * WIDTH;
  const most = Math.log1p(Math.max(...bins));
  const width = at(low + (high - low) / bins.length) - at(low);
  const mean = overview.statistics.get("mean")?.[page.unit];
  return (
    <section>
      <h3>
        Activations <small>number of samples, on a logarithmic scale</small>
      </h3>
      <svg
        class="aw-histogram"
        viewBox={`-8 -6 ${WIDTH + 16} ${HEIGHT + 40}`}
        role="img"
        aria-label={`Histogram of activations from ${formatPlain(low)} to ${formatPlain(high)}`}
      >
        {bins.map((count, bin) => {
          const value = low + ((high - low) * bin) / bins.length;
          const height = most > 0 ? (Math.log1p(count) / most) * HEIGHT : 0;
          return (
            <rect
              key={bin}
              class="aw-histogram-bar"
              x={at(value) + 0.5}
              y={HEIGHT - height}
              width={Math.max(width - 1, 0.5)}
              height={height}
            >
              <title>{`${formatCount(count)} samples from ${formatPlain(value)}`}</title>
            </rect>
          );
        })}
        <line class="aw-histogram-axis" x1={0} x2={WIDTH} y1={HEIGHT} y2={HEIGHT} />
        {mean !== undefined && (
          <line class="aw-histogram-mean" x1={at(mean)} x2={at(mean)} y1={0} y2={HEIGHT}>
            <title>{`mean ${formatPlain(mean)}`}</title>
          </line>
        )}
        {[low, high].map((end) => (
          <text
            key={end}
            class="aw-histogram-text"
            x={at(end)}
            y={HEIGHT + 14}
            text-anchor={anchorOf(at(end))}
          >
            {formatPlain(end)}
          </text>
        ))}
        {measures.map(({ picture, activation }) => (
          <g key={picture} class="aw-histogram-mark">
            <line x1={at(activation)} x2={at(activation)} y1={HEIGHT - 26} y2={HEIGHT} />
            <circle cx={at(activation)} cy={HEIGHT - 28} r={3.5} />
            <text
              class="aw-histogram-text"
              x={clamp(at(activation), 0, WIDTH)}
              y={HEIGHT + 28}
              text-anchor={anchorOf(at(activation))}
            >
              {picture}
            </text>
          </g>
        ))}
      </svg>
    </section>
  );
}

/** Words at an end of the axis go inwards, so that none are cut off. */
const anchorOf = (x: number) => (x < 24 ? "start" : x > WIDTH - 24 ? "end" : "middle");
