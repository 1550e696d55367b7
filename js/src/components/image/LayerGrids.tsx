import { useSignal } from "@preact/signals";
import { useLayoutEffect, useRef } from "preact/hooks";
import type { Opened } from "../../image/answers";
import type { GridMode } from "../../image/looking";
import type { OpenImage } from "../../image/open_image";
import type { Store } from "../../store/store";
import { formatCount, plural } from "../../util/numbers";
import { useWidget } from "../context";
import { Choice } from "../controls/Choice";
import { LayerGrid } from "./LayerGrid";
import { LayersChooser } from "./LayersChooser";

const MODES: readonly (readonly [GridMode, string, string])[] = [
  [
    "picture",
    "Picture",
    "A picture by feature inversion for each position: the stronger its activation, the larger",
  ],
  ["norm", "Norm", "The length of the activation at each position"],
  ["attribution", "Attribution", "What each position contributes to the chosen class"],
  ["groups", "Groups", "Groups of channels that are active together"],
  ["channel", "Channel", "The activation of one channel"],
];

const GAP = 12;
const TITLE = 26;
const MIN_SIDE = 150;
const MAX_SIDE = 420;

/** The layers that the image is read in, each as a grid of its positions. */
export function LayerGrids({ state, opened }: { state: OpenImage; opened: Opened }) {
  const { store } = useWidget();
  const holder = useRef<HTMLDivElement>(null);
  const room = useSignal({ width: 0, height: 0 });
  useLayoutEffect(() => {
    const element = holder.current!;
    const scrolling = element.closest(".aw-image-middle")!;
    const measure = () => {
      const [width, height] = [element.clientWidth, scrolling.clientHeight];
      const now = room.peek();
      if (now.width !== width || now.height !== height) room.value = { width, height };
    };
    const observer = new ResizeObserver(measure);
    observer.observe(element);
    observer.observe(scrolling);
    measure();
    return () => observer.disconnect();
  }, []);
  const { looking } = state;
  const count = opened.layers.length;
  const { side, columns } = gridsIn(count, room.value.width, room.value.height - 90);
  const usable = MODES.filter(([mode]) => mode !== "attribution" || !opened.withoutClasses);
  return (
    <div class="aw-image-grids">
      <div class="aw-image-tools">
        <Choice
          label="What the grids show"
          value={looking.mode.value}
          options={usable}
          onChoose={(mode) => {
            if (mode === "channel" && looking.channel.peek() === null) {
              looking.channel.value = strongestChannel(state) ?? 0;
            }
            looking.mode.value = mode;
          }}
        />
        <LayersChooser state={state} opened={opened} />
      </div>
      <div
        ref={holder}
        class="aw-layer-grids"
        style={{ gridTemplateColumns: `repeat(${columns}, ${side}px)`, gap: `${GAP}px` }}
      >
        {room.value.width > 0 &&
          opened.layers.map((map, number) => (
            <LayerGrid key={map.name} state={state} opened={opened} number={number} side={side} />
          ))}
      </div>
      <Legend state={state} opened={opened} connected={store.connected.value} />
    </div>
  );
}

/** The channel that the position is looked at for: its strongest. */
function strongestChannel(state: OpenImage): number | null {
  const at = state.looking.pinned.peek();
  const layer = state.looking.layer.peek();
  if (at?.layer !== layer) return null;
  return state.positionFacts(layer, at.position)?.channels[0]?.channel ?? null;
}

/** As large as they can be so that all are seen at once, and not too small to be seen. */
export function gridsIn(count: number, width: number, height: number) {
  let best = { side: 0, columns: 1 };
  for (let columns = 1; columns <= count; columns++) {
    const rows = Math.ceil(count / columns);
    const side = Math.floor(
      Math.min(
        (width - (columns - 1) * GAP) / columns,
        Math.max(MIN_SIDE, height / rows - TITLE - GAP),
        MAX_SIDE,
      ),
    );
    if (side > best.side) best = { side, columns };
  }
  return best;
}

function Legend({
  state,
  opened,
  connected,
}: {
  state: OpenImage;
  opened: Opened;
  connected: boolean;
}) {
  const { store } = useWidget();
  void store.pictureVersion.value;
  const { looking } = state;
  const mode = looking.mode.value;
  const strided = opened.layers.find(({ stride }) => stride > 1);
  return (
    <p class="aw-note aw-grids-legend">
      {wordsFor(mode, state, connected)}
      {mode === "picture" && connected && describeMade(store, opened)}
      {strided &&
        ` ${strided.name} shows one position for each ${strided.stride} × ${strided.stride}.`}
    </p>
  );
}

/** How many of the pictures are made, while some are to come. */
function describeMade(store: Store, { layers }: Opened): string {
  const made = layers.reduce((sum, map) => sum + store.pictures.counts(map.positionGroup).final, 0);
  // positions without any activation get no picture
  const all = layers.reduce((sum, map) => sum + map.norms.filter((norm) => norm > 0).length, 0);
  return made < all ? ` ${formatCount(made)} of ${plural(all, "picture")} made…` : "";
}

function wordsFor(mode: GridMode, state: OpenImage, connected: boolean): string {
  if (mode === "picture") {
    const waiting = connected ? "; until then a faint piece of the image" : "";
    const lent = state.places.value
      ? `, or the picture of its cell of the atlas (dashed)${waiting}`
      : waiting;
    const odd = state.places.value?.unusual.some(Boolean)
      ? " Ringed: the atlas has nothing like it."
      : "";
    return `Each position’s own picture${lent}. The stronger its activation, the larger.${odd} Point at one to see what feeds it and what it feeds.`;
  }
  if (mode === "norm") return "The length of each position’s activation, from zero (dark) up.";
  if (mode === "attribution") {
    const about = state.attribution.value?.about;
    return about
      ? `Blue argues for ${about}, orange against it: activation × gradient, on one scale for all layers.`
      : "Attributing…";
  }
  if (mode === "groups") {
    return "Groups of channels of the chosen layer that are active together (non-negative matrix factorization of this image alone).";
  }
  return "The activation of one channel of the chosen layer; choose another from the tables.";
}
