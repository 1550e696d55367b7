import type { LayerMap } from "../../image/answers";
import type { OpenImage } from "../../image/open_image";
import { formatValue, largestSize } from "../../util/numbers";
import { ChannelRow } from "./ChannelRow";

/** Channels of a layer with what each contributes, on one scale with zero in the middle. */
export function ContributionRows({
  state,
  map,
  layer,
  of: channels,
}: {
  state: OpenImage;
  map: LayerMap;
  layer: number;
  of: readonly { channel: number; value: number }[];
}) {
  const reach = largestSize(channels.map(({ value }) => value));
  return (
    <ul class="aw-channel-rows">
      {channels.map(({ channel, value }) => (
        <ChannelRow
          key={channel}
          state={state}
          map={map}
          layer={layer}
          channel={channel}
          value={formatValue(value)}
          share={value / reach}
          diverging
        />
      ))}
    </ul>
  );
}
