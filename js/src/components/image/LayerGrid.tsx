import type { LayerMap, Opened } from "../../image/answers";
import {
  paintGroups,
  paintMarks,
  paintPictures,
  paintSigned,
  paintStrengths,
  paintUnder,
  paintVeil,
  squaresOf,
} from "../../image/grid_painter";
import type { OpenImage } from "../../image/open_image";
import { parseColour } from "../../overlays/colour";
import { largestSize } from "../../util/numbers";
import { useWidget } from "../context";
import { Drawing } from "../Drawing";
import { useDark } from "../dark";
import { useSlow } from "./useSlow";

/** One layer’s positions, as the chosen mode shows them. */
export function LayerGrid({
  state,
  opened,
  number,
  side,
}: {
  state: OpenImage;
  opened: Opened;
  number: number;
  side: number;
}) {
  const { store } = useWidget();
  const dark = useDark();
  const { looking } = state;
  const map = opened.layers[number];
  const mode = looking.mode.value;
  const chosen = looking.layer.value === number;
  const { at, veil, role } = lookedAt(state, opened, number);
  const pinned = looking.pinned.value;
  const region = chosen ? looking.region.value : NONE;
  const version = useSlow(mode === "picture" ? store.pictureVersion.value : 0, PACE);
  const places = state.places.value?.layer === number ? state.places.value : null;
  const values = valuesOf(state, mode, number);
  const paint = (context: CanvasRenderingContext2D, into: number) => {
    const squares = squaresOf(map, into);
    const style = getComputedStyle(context.canvas);
    const colour = (name: string) => style.getPropertyValue(name).trim();
    if (mode === "picture") {
      paintPictures(context, map, squares, store.pictures, places, colour("--aw-accent"));
      if (veil) paintVeil(context, map, squares, veil, parseColour(dark ? "#121417" : "#ffffff"));
    } else {
      paintUnder(context, opened.picture, squares);
      if (values?.kind === "strengths") paintStrengths(context, map, squares, values.of);
      if (values?.kind === "signed")
        paintSigned(context, map, squares, values.of, values.reach, dark);
      if (values?.kind === "groups")
        paintGroups(context, map, squares, values.of, looking.group.value);
    }
    const marks = {
      at,
      pinned: pinned?.layer === number ? pinned.position : null,
      region,
      unusual: mode === "picture" && places ? places.unusual : [],
    };
    paintMarks(context, map, squares, marks, {
      accent: colour("--aw-accent"),
      halo: colour("--aw-halo"),
      doubtful: colour("--aw-doubtful"),
    });
  };
  const under = (event: MouseEvent) => {
    const box = (event.currentTarget as Element).getBoundingClientRect();
    const square = box.width / Math.max(map.rows, map.columns);
    const row = Math.floor((event.clientY - box.top) / square);
    const column = Math.floor((event.clientX - box.left) / square);
    if (row < 0 || row >= map.rows || column < 0 || column >= map.columns) return null;
    return { layer: number, position: row * map.columns + column };
  };
  return (
    <figure
      class={`aw-layer-grid ${chosen ? "aw-chosen" : ""}`}
      style={{ width: `${side}px` }}
      data-aw-layer-grid={map.name}
      data-aw-made={made(store.pictures.counts(map.positionGroup).final, map)}
    >
      <figcaption>
        <button
          type="button"
          class="aw-link"
          aria-pressed={chosen}
          title={`Show the tables of ${map.name}: ${map.channels} channels, ${map.rows} × ${map.columns} positions shown`}
          onClick={() => looking.chooseLayer(number)}
        >
          <bdi>{map.name}</bdi>
        </button>
        <small>
          {(mode === "picture" && role) ||
            (number === opened.own ? "of the atlas" : `${map.rows} × ${map.columns}`)}
        </small>
      </figcaption>
      <button
        type="button"
        class="aw-layer-map"
        aria-label={`Positions of ${map.name}; arrow keys go through them, Enter traces one`}
        onFocus={() => looking.chooseLayer(number)}
        onPointerMove={(event) => {
          if (event.pointerType !== "touch") looking.hover(under(event));
        }}
        onPointerLeave={() => {
          looking.hover(null);
        }}
        onClick={(event) => {
          // by the keyboard it is the pinned one
          const found = event.detail === 0 ? (looking.pinned.peek() ?? null) : under(event);
          if (!found) return;
          if (event.shiftKey) looking.toggle(found);
          else looking.pin(found);
        }}
      >
        <Drawing
          size={side}
          of={[
            version,
            mode,
            values,
            opened.picture,
            places,
            veil,
            at,
            pinned,
            region,
            looking.group.value,
            dark,
          ]}
          paint={paint}
        />
        {values === null && !chosen && <span class="aw-grid-none">{noneFor(mode)}</span>}
        {values?.kind === "signed" && values.blank && (
          <span class="aw-grid-none">nothing passes through these positions</span>
        )}
      </button>
    </figure>
  );
}

/** Pictures that come are drawn at this pace (ms): their making needs the processor more. */
const PACE = 400;

const NONE: ReadonlySet<number> = new Set();

const made = (final: number, map: LayerMap) => `${final}/${map.rows * map.columns}`;

/** The position that is looked at, if it is of this layer; else what this layer has to do with it. */
function lookedAt(state: OpenImage, opened: Opened, number: number) {
  const { looking } = state;
  void state.version.value;
  const at = looking.at.value;
  if (!at || !opened.layers[at.layer]) return { at: null, veil: null, role: "" };
  if (at.layer === number) return { at: at.position, veil: null, role: "" };
  const traced = looking.hovered.value !== null || looking.tracing.value;
  const veil = traced
    ? (state.positionFacts(at.layer, at.position)?.lit.get(number) ?? null)
    : null;
  const role = veil ? (number < at.layer ? "feeds it" : "fed by it") : "";
  return { at: null, veil, role };
}

type Values =
  | { kind: "strengths"; of: readonly number[] }
  | { kind: "signed"; of: readonly number[]; reach: number; blank: boolean }
  | { kind: "groups"; of: readonly (readonly number[])[] };

/** The values that are shown of a layer; null where it has none. */
function valuesOf(state: OpenImage, mode: string, number: number): Values | null {
  const map = state.opened.value?.layers[number];
  if (mode === "norm" && map) return { kind: "strengths", of: map.norms };
  if (mode === "attribution") {
    const found = state.attribution.value;
    const own = found?.layers[number];
    if (!found || !own) return null;
    const { reach } = found;
    return { kind: "signed", of: own.values, reach, blank: own.blank };
  }
  if (mode === "groups") {
    const groups = state.groups.value;
    return groups?.layer === number ? { kind: "groups", of: groups.maps } : null;
  }
  if (mode === "channel") {
    const channel = state.channel.value;
    if (channel?.layer !== number) return null;
    const reach = largestSize(channel.values);
    return channel.values.some((value) => value < 0)
      ? { kind: "signed", of: channel.values, reach, blank: false }
      : { kind: "strengths", of: channel.values };
  }
  return null;
}

const noneFor = (mode: string) =>
  mode === "groups"
    ? "Choose this layer to see its groups"
    : mode === "channel"
      ? "Choose a channel of this layer to see it"
      : "";
