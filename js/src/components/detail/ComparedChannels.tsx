import type { Place } from "../../geometry/place";
import { compareChannels } from "../../panels/compare";
import { formatPlain, formatSigma } from "../../util/numbers";

import { useWidget } from "../context";
import { percent, Stretch } from "../Stretch";

const SHOWN = 8;

/** The channels in which two cells differ most, in the layer's own standard deviations. */
export function ComparedChannels({ first, other }: { first: Place; other: Place }) {
  const { store } = useWidget();
  void store.details.version.value;
  const [a, b] = [store.details.profile(first), store.details.profile(other)];
  if (!a || !b) return null;
  const channels = compareChannels(a, b, SHOWN);
  const reach = Math.max(
    1.5,
    ...channels.flatMap((it) => [it.first.unusual, it.other.unusual].map(Math.abs)),
  );
  const at = (sigma: number) => 0.5 + sigma / reach / 2;
  return (
    <section>
      <h3>
        Channels that differ most <small>grey: ±1 σ of all samples; A − B in σ</small>
      </h3>
      <ul class="aw-bars aw-channels">
        {channels.map(({ first: one, other: two, difference }) => (
          <li
            key={one.index}
            class="aw-bar-row"
            title={`Channel ${one.index}: A ${formatPlain(one.value)} (${formatSigma(one.unusual)}), B ${formatPlain(two.value)} (${formatSigma(two.unusual)}); over all samples ${formatPlain(one.usual)} ± ${formatPlain(one.deviation)}`}
          >
            <span class="aw-bar-label">{one.index}</span>
            <span class="aw-bar-track" aria-hidden="true">
              <Stretch class="aw-usual" from={at(-1)} to={at(1)} />
              <Stretch class="aw-span" from={at(one.unusual)} to={at(two.unusual)} />
              <span class="aw-dot aw-first" style={{ left: percent(at(one.unusual)) }} />
              <span class="aw-dot aw-other" style={{ left: percent(at(two.unusual)) }} />
            </span>
            <span class="aw-bar-value">{formatSigma(difference)}</span>
          </li>
        ))}
      </ul>
    </section>
  );
}
