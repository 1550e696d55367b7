import type { Opened } from "../../image/answers";
import type { OpenImage } from "../../image/open_image";
import { formatPlain } from "../../util/numbers";
import { useWidget } from "../context";
import { ChannelRow } from "./ChannelRow";
import { ContributionRows } from "./ContributionRows";

/** The channel whose map is shown, and the channels of other layers that it has most to do with. */
export function ChannelLinks({ state, opened }: { state: OpenImage; opened: Opened }) {
  const { store } = useWidget();
  const { looking } = state;
  const layer = looking.layer.value;
  const map = opened.layers[layer];
  const channel = looking.channel.value;
  const facts = state.channel.value;
  const here = facts?.layer === layer && facts.channel === channel ? facts : null;
  const problem = state.failures.value.get("image_channel") ?? here?.problem;
  return (
    <section class="aw-image-block" data-aw-channel-facts={here ? `${layer}:${channel}` : ""}>
      <h3>
        Channel{" "}
        <input
          class="aw-input aw-units-number"
          type="number"
          min={0}
          max={(map?.channels ?? 1) - 1}
          value={channel ?? ""}
          aria-label={`Channel of ${map?.name}`}
          disabled={!store.connected.value}
          onChange={(event) => {
            const wanted = Math.round(event.currentTarget.valueAsNumber);
            if (map && wanted >= 0 && wanted < map.channels) looking.channel.value = wanted;
            else event.currentTarget.value = String(channel ?? "");
          }}
        />{" "}
        <small>of {map?.name}</small>
      </h3>
      {problem && <p class="aw-note">{problem}</p>}
      {map && channel !== null && here && (
        <ul class="aw-channel-rows">
          <ChannelRow
            state={state}
            map={map}
            layer={layer}
            channel={channel}
            value={`at most ${formatPlain(Math.max(...here.values))}`}
            share={1}
            words="On this image"
          />
        </ul>
      )}
      {here && <Links state={state} opened={opened} of={here.links} layer={layer} />}
    </section>
  );
}

function Links({
  state,
  opened,
  of: links,
  layer,
}: {
  state: OpenImage;
  opened: Opened;
  of: readonly { layer: number; channel: number; value: number }[];
  layer: number;
}) {
  const layers = [...new Set(links.map((link) => link.layer))].sort((x, y) => x - y);
  return (
    <>
      {layers.map((other) => {
        const own = links.filter((link) => link.layer === other);
        const map = opened.layers[other];
        if (!map) return null;
        return (
          <div key={other}>
            <h4>
              {other < layer ? "Fed by" : "Feeds"} <small>{map.name}</small>
            </h4>
            <ContributionRows state={state} map={map} layer={other} of={own} />
          </div>
        );
      })}
    </>
  );
}
