import type { ComponentChildren } from "preact";
import type { LayerMap } from "../../image/answers";
import type { OpenImage } from "../../image/open_image";
import { keyIn } from "../../protocol/picture_key";
import { UNITS_VIEW } from "../../units/units";
import { CellPicture } from "../CellPicture";
import { useWidget } from "../context";
import { Stretch } from "../Stretch";

const PICTURE = 40;

/** A channel of a layer: its picture leads to its page; what it does here stands beside it. */
export function ChannelRow({
  state,
  map,
  layer,
  channel,
  value,
  share,
  diverging = false,
  words,
  note,
}: {
  state: OpenImage;
  map: LayerMap;
  layer: number;
  channel: number;
  /** In words. */
  value: string;
  /** Of the longest bar, −1 to 1. */
  share: number;
  diverging?: boolean;
  words?: string;
  note?: ComponentChildren;
}) {
  const { store, view } = useWidget();
  const shown =
    state.looking.mode.value === "channel" &&
    state.looking.layer.value === layer &&
    state.looking.channel.value === channel;
  const zero = diverging ? 0.5 : 0;
  const end = diverging ? 0.5 + share / 2 : Math.max(0, share);
  return (
    <li class="aw-channel-row" data-aw-image-channel={`${layer}:${channel}`}>
      <button
        type="button"
        class="aw-unit-link"
        title={`Open the page of unit ${channel} of ${map.name}`}
        onClick={() => {
          store.openUnitOf(map.name, channel);
          view.showing.value = UNITS_VIEW;
        }}
      >
        <CellPicture of={keyIn(map.channelGroup, channel)} size={PICTURE} />
      </button>
      <div class="aw-channel-facts">
        <div class="aw-channel-line">
          <span>
            <strong>{words ?? channel}</strong> <small>{note}</small>
          </span>
          <span class="aw-bar-value">{value}</span>
        </div>
        <span class={`aw-bar-track ${diverging ? "aw-diverging" : ""}`} aria-hidden="true">
          <Stretch
            class={`aw-bar ${diverging ? (share < 0 ? "aw-against" : "aw-for") : "aw-plain"}`}
            from={zero}
            to={end}
          />
        </span>
        <div class="aw-channel-line">
          <span />
          <span>
            <button
              type="button"
              class="aw-link"
              aria-pressed={shown}
              title="Show where in the image it is active, which channels feed it and which it feeds"
              data-aw-channel-map={channel}
              onClick={() => state.looking.showChannel(layer, channel)}
            >
              Map
            </button>
            <button
              type="button"
              class="aw-link"
              title="Set it to zero, and compare how the logits change with what attribution predicts"
              data-aw-try-channel={channel}
              disabled={!store.connected.value}
              onClick={() => state.tryWithout(layer, { what: "channel", numbers: [channel] })}
            >
              Remove
            </button>
          </span>
        </div>
      </div>
    </li>
  );
}
