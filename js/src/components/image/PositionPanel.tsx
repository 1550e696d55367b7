import type { Opened, PositionFacts } from "../../image/answers";
import type { OpenImage } from "../../image/open_image";
import { cellKey, keyIn } from "../../protocol/picture_key";
import {
  formatDecimal,
  formatPlain,
  formatShare,
  formatValue,
  largestSize,
} from "../../util/numbers";
import { CellPicture } from "../CellPicture";
import { useWidget } from "../context";
import { Stretch } from "../Stretch";
import { ChannelRow } from "./ChannelRow";
import { placeOf, showPlaces } from "./on_atlas";

const PICTURE = 92;

/** What is known of the position that is looked at: its picture, its channels, its classes. */
export function PositionPanel({ state, opened }: { state: OpenImage; opened: Opened }) {
  const widget = useWidget();
  const { store } = widget;
  const { looking } = state;
  void store.pictureVersion.value;
  void state.version.value;
  const at = looking.at.value;
  const map = at && opened.layers[at.layer];
  if (!at || !map) return <p class="aw-note">Point at a position of a layer.</p>;
  const facts = state.positionFacts(at.layer, at.position);
  const place = placeOf(state.places.value, at);
  const own = keyIn(map.positionGroup, at.position);
  const hasOwn = store.pictures.get(own)?.state === "final";
  const lent = place && place.cell !== null ? cellKey(place.grid, place.cell) : null;
  const borrowed = !hasOwn && lent !== null && store.pictures.get(lent) !== undefined;
  const [row, column] = [Math.floor(at.position / map.columns), at.position % map.columns];
  return (
    <section
      class="aw-image-block"
      data-aw-position={`${at.layer}:${at.position}`}
      data-aw-position-facts={facts ? (facts.whole ? "whole" : "some") : ""}
    >
      <h3>
        Position {row + 1}, {column + 1} <small>of {map.name}</small>
      </h3>
      <div class="aw-position-head">
        <div class={borrowed ? "aw-borrowed" : ""}>
          <CellPicture of={borrowed && lent ? lent : own} size={PICTURE} />
        </div>
        <div>
          <p class="aw-note">
            {hasOwn
              ? "Its own picture"
              : borrowed
                ? "The picture of its cell of the atlas, until its own is made"
                : "What it sees, until its picture is made"}
          </p>
          <p class="aw-note">norm {formatPlain(map.norms[at.position] ?? 0)}</p>
          {place && (
            <p class="aw-note">
              cosine {formatDecimal(place.cosine)} to the nearest sample of the atlas
              {place.unusual && ": unlike any"}
            </p>
          )}
          <p>
            {place && (
              <button
                type="button"
                class="aw-link"
                title="Show where the image’s positions fall on the atlas (A)"
                data-aw-show-places
                onClick={() => {
                  looking.pin(at);
                  showPlaces(widget, state);
                }}
              >
                On the atlas
              </button>
            )}
            <button
              type="button"
              class="aw-link"
              title="Set this position and those chosen by Shift and a click to zero, and compare how the logits change with what attribution predicts"
              data-aw-try-region
              disabled={!store.connected.value}
              onClick={() => {
                const chosen = at.layer === looking.layer.peek() ? looking.region.peek() : [];
                const numbers = [...new Set([at.position, ...chosen])];
                state.tryWithout(at.layer, { what: "region", numbers });
              }}
            >
              {looking.region.value.size > 0 && at.layer === looking.layer.value
                ? "Remove the region"
                : "Remove"}
            </button>
          </p>
        </div>
      </div>
      {facts && <Dictionary state={state} opened={opened} facts={facts} />}
      {facts?.problem && <p class="aw-note">{facts.problem}</p>}
      {facts && facts.classes.length > 0 && <Classes facts={facts} />}
      {state.failures.value.get("image_position") && (
        <p class="aw-note aw-task-failed">{state.failures.value.get("image_position")}</p>
      )}
    </section>
  );
}

function Dictionary({
  state,
  opened,
  facts,
}: {
  state: OpenImage;
  opened: Opened;
  facts: PositionFacts;
}) {
  const { layer, channels, share } = facts;
  const most = largestSize(channels.map(({ activation }) => activation));
  return (
    <>
      <ul class="aw-channel-rows" data-aw-dictionary={channels.length}>
        {channels.map(({ channel, activation, percentile }) => (
          <ChannelRow
            key={channel}
            state={state}
            map={opened.layers[layer]}
            layer={layer}
            channel={channel}
            value={formatPlain(activation)}
            share={activation / most}
            note={
              percentile !== null && (
                <span title="Among the samples of the atlas">
                  {percentile >= 100 ? "above all" : `top ${formatShare(1 - percentile / 100)}`}
                </span>
              )
            }
          />
        ))}
      </ul>
      <p class="aw-note">
        These {channels.length} channels make up {formatShare(share)} of its squared length.
      </p>
    </>
  );
}

function Classes({ facts: { classes } }: { facts: PositionFacts }) {
  const reach = largestSize(classes.map(({ value }) => value));
  return (
    <>
      <h4>It argues for and against</h4>
      <ul class="aw-bars aw-bars-diverging" data-aw-position-classes={classes.length}>
        {classes.map(({ index, name, value }) => (
          <li key={index} class="aw-bar-row" title={`${name}: ${formatValue(value)}`}>
            <span class="aw-bar-label">{name}</span>
            <span class="aw-bar-track" aria-hidden="true">
              <Stretch
                class={`aw-bar ${value < 0 ? "aw-against" : "aw-for"}`}
                from={0.5}
                to={0.5 + value / reach / 2}
              />
            </span>
            <span class="aw-bar-value">{formatValue(value)}</span>
          </li>
        ))}
      </ul>
    </>
  );
}
