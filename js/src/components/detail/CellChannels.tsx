import { useSignal } from "@preact/signals";
import { type ChannelOrder, strongestChannels } from "../../profile";
import type { Place } from "../../view/view";
import { formatPlain, formatSigma } from "../../words";
import { percent } from "../ClassBars";
import { useWidget } from "../context";

const SHOWN = 8;
const ORDERS: [ChannelOrder, string, string][] = [
  ["unusual", "unusual", "Furthest from what is usual in the layer"],
  ["largest", "largest", "Largest activation, either sign"],
];

/** The channels in which a cell's mean stands out, against all samples of the layer. */
export function CellChannels({ place }: { place: Place }) {
  const { store } = useWidget();
  const order = useSignal<ChannelOrder>("unusual");
  void store.details.version.value;
  const profile = store.details.profile(place);
  if (!profile) return null;
  const channels = strongestChannels(profile, order.value, SHOWN);
  const reach = Math.max(1.5, ...channels.map(({ unusual }) => Math.abs(unusual)));
  const at = (sigma: number) => 0.5 + Math.min(Math.max(sigma / reach, -1), 1) / 2;
  return (
    <section>
      <h3 class="aw-with-choice">
        <span>
          Strongest channels <small>mean activation; grey: ±1 σ of all samples</small>
        </span>
        <span class="aw-group" role="radiogroup" aria-label="Which channels">
          {ORDERS.map(([name, word, title]) => (
            <button
              key={name}
              type="button"
              role="radio"
              class="aw-button"
              aria-checked={order.value === name}
              title={title}
              onClick={() => {
                order.value = name;
              }}
            >
              {word}
            </button>
          ))}
        </span>
      </h3>
      <ul class="aw-bars aw-channels">
        {channels.map(({ index, value, usual, deviation, unusual }) => (
          <li
            key={index}
            class="aw-bar-row"
            title={`Channel ${index}: ${formatPlain(value)}; over all samples ${formatPlain(usual)} ± ${formatPlain(deviation)}`}
          >
            <span class="aw-bar-label">{index}</span>
            <span class="aw-bar-track" aria-hidden="true">
              <span
                class="aw-usual"
                style={{ left: percent(at(-1)), width: percent(at(1) - at(-1)) }}
              />
              <span
                class={`aw-bar ${unusual < 0 ? "aw-less" : "aw-more"}`}
                style={{
                  left: percent(Math.min(0.5, at(unusual))),
                  width: percent(Math.abs(at(unusual) - 0.5)),
                }}
              />
            </span>
            <span class="aw-bar-value">{formatPlain(value)}</span>
            <span class="aw-bar-value">{formatSigma(unusual)}</span>
          </li>
        ))}
      </ul>
    </section>
  );
}
