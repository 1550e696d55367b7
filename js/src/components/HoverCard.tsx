import { useSignal } from "@preact/signals";
import { useEffect, useLayoutEffect, useRef } from "preact/hooks";
import { placeBeside } from "../geometry/geometry";
import { keyOf, samePlace } from "../geometry/place";
import type { Card } from "../store/cards";
import { capitalized } from "../util/numbers";
import { CellPicture } from "./CellPicture";
import { BarsNote, ClassBars, reachOf } from "./ClassBars";
import { Crops } from "./Crops";
import { useWidget } from "./context";
import { StateMark } from "./StateMark";
import {
  describeJudgement,
  describePicture,
  describeSamples,
  describeUnnamed,
  describeWaiting,
  toneOf,
} from "./words";

/** The kernel is asked once the pointer rests, not for every cell it passes over. */
const REST = 50;
const ASK_AGAIN = 1500;
const TOP = 5;
const CROPS = 6;
const CROP_SIZE = 38;

/** The card of the cell under the pointer (or the keyboard's focus). */
export function HoverCard() {
  const { store, view } = useWidget();
  const element = useRef<HTMLDivElement>(null);
  const place = useSignal<{ x: number; y: number } | null>(null);
  const active = view.active.value;
  void store.cards.version.value;
  void store.cards.labelVersion.value;
  void store.pictureVersion.value;
  void store.judgements.version.value;
  const card = active && store.cards.get(keyOf(active));
  // Its panel says all of it and more.
  const open = active && view.panels.shown.value.some(({ place }) => samePlace(place, active));
  // Not in the way while the view is dragged or an area drawn.
  const hidden = !active || open || view.moving.value || view.gesture.value !== null;

  useEffect(() => {
    if (!active) return;
    const ask = () => store.wantCard(active);
    const first = setTimeout(ask, REST);
    const again = setInterval(ask, ASK_AGAIN);
    return () => {
      clearTimeout(first);
      clearInterval(again);
    };
  }, [active?.grid, active?.cell]);

  const camera = view.camera.value;
  const stage = view.size.value;
  useLayoutEffect(() => {
    if (!active || !element.current) return;
    const { offsetWidth: width, offsetHeight: height } = element.current;
    const side = camera.k / active.grid;
    const x = (active.cell % active.grid) * side + camera.x;
    const y = Math.floor(active.cell / active.grid) * side + camera.y;
    const next = placeBeside([x, y, x + side, y + side], { width, height }, stage);
    const now = place.peek();
    if (now?.x !== next.x || now?.y !== next.y) place.value = next;
  });

  if (!active || hidden) return null;
  const picture = store.pictures.get(keyOf(active)) ?? null;
  const label = store.label(keyOf(active));
  const judgement = store.judgements.of(active);
  const at = place.value;
  const named = label !== null || card?.classes || !store.can("live");
  return (
    <div
      ref={element}
      class="aw-card"
      style={{ transform: `translate(${at?.x ?? 0}px, ${at?.y ?? 0}px)` }}
      role="tooltip"
      data-aw-card={`${active.grid}:${active.cell}`}
    >
      <div class="aw-card-head">
        <CellPicture of={keyOf(active)} size={76} />
        <div class={`aw-card-words ${named ? "" : "aw-card-unnamed"}`}>
          <strong class={label ? "" : "aw-unsure"}>
            {label ??
              (card?.classes || !store.can("live")
                ? capitalized(card?.look || describeUnnamed(card?.why_not ?? ""))
                : "…")}
          </strong>
          {!label && card?.classes && card.look && (
            <span data-aw-why-not>{describeUnnamed(card.why_not)}</span>
          )}
          <span>{describeSamples(store.grid(active.grid), active.cell, card?.count)}</span>
          <span class="aw-card-state">
            <StateMark tone={toneOf(picture)} />
            {describePicture(picture, store.can("live"))}
          </span>
        </div>
      </div>
      {(card?.made || (!card && picture?.state === "final" && store.connected.value)) && (
        <div class="aw-card-made">
          {card && <p data-aw-made>{card.made}</p>}
          {card && judgement && <p data-aw-judged>{describeJudgement(judgement)}</p>}
        </div>
      )}
      <CardClasses card={card} />
      <OverlaySentence grid={active.grid} cell={active.cell} />
      {card ? (
        <Crops card={card} size={CROP_SIZE} limit={CROPS} />
      ) : (
        store.connected.value && <div style={{ height: `${CROP_SIZE}px` }} />
      )}
    </div>
  );
}

/** The meaning of the colour over the cell. */
function OverlaySentence({ grid, cell }: { grid: number; cell: number }) {
  const { view } = useWidget();
  void view.overlays.legend.value;
  const said = view.overlays.sentence(grid, cell);
  if (!said) return null;
  return (
    <p class="aw-note aw-overlay-sentence">
      <i class="aw-swatch" style={{ background: said.colour }} />
      <span>{said.text}</span>
    </p>
  );
}

/** The top classes; until they are known their room, so that the card does not jump. */
function CardClasses({ card }: { card: Card | null }) {
  const { store } = useWidget();
  const connected = store.connected.value;
  if (card?.classes) {
    const top = card.classes.slice(0, TOP);
    if (top.length === 0) return null;
    return (
      <>
        <ClassBars values={top} reach={reachOf(top, card.lead)} />
        <BarsNote lead={card.lead} />
      </>
    );
  }
  return (
    <p class={`aw-note ${connected && store.can("live") ? "aw-card-waiting" : ""}`}>
      {describeWaiting(connected, store.can("live"), card !== null)}
    </p>
  );
}
