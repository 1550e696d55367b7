import { useSignal } from "@preact/signals";
import { clamp } from "../../geometry/geometry";
import type { Place } from "../../geometry/place";
import { type ChannelOrder, strongestChannels } from "../../store/profile";
import { UNITS_VIEW } from "../../units/units";
import { formatPlain, formatSigma } from "../../util/numbers";

import { useWidget } from "../context";
import { Choice } from "../controls/Choice";
import { Stretch } from "../Stretch";

const SHOWN = 8;
const ORDERS: [ChannelOrder, string, string][] = [
  ["unusual", "Unusual", "Furthest from what is usual in the layer"],
  ["largest", "Largest", "Largest activation, either sign"],
];

/** The channels in which a cell's mean stands out, against all samples of the layer. */
export function CellChannels({ place }: { place: Place }) {
  const { store, view } = useWidget();
  const order = useSignal<ChannelOrder>("unusual");
  void store.details.version.value;
  const profile = store.details.profile(place);
  if (!profile) return null;
  const channels = strongestChannels(profile, order.value, SHOWN);
  const reach = Math.max(1.5, ...channels.map(({ unusual }) => Math.abs(unusual)));
  const at = (sigma: number) => 0.5 + clamp(sigma / reach, -1, 1) / 2;
  return (
    <section>
      <h3 class="aw-with-choice">
        <span>
          Strongest channels <small>mean activation; grey: ±1 σ of all samples</small>
        </span>
        <Choice
          label="Which channels"
          value={order.value}
          options={ORDERS}
          onChoose={(value) => {
            order.value = value;
          }}
        />
      </h3>
      <ul class="aw-bars aw-channels">
        {channels.map(({ index, value, usual, deviation, unusual }) => (
          <li
            key={index}
            class="aw-bar-row"
            title={`Channel ${index}: ${formatPlain(value)}; over all samples ${formatPlain(usual)} ± ${formatPlain(deviation)}`}
          >
            <button
              type="button"
              class="aw-link aw-bar-label"
              title={`Open unit ${index}`}
              data-aw-channel={index}
              onClick={() => {
                store.unit.value = index;
                view.showing.value = UNITS_VIEW;
              }}
            >
              {index}
            </button>
            <span class="aw-bar-track" aria-hidden="true">
              <Stretch class="aw-usual" from={at(-1)} to={at(1)} />
              <Stretch class="aw-bar" from={0.5} to={at(unusual)} />
            </span>
            <span class="aw-bar-value">{formatPlain(value)}</span>
            <span class="aw-bar-value">{formatSigma(unusual)}</span>
          </li>
        ))}
      </ul>
    </section>
  );
}
