import { useSignal, useSignalEffect } from "@preact/signals";
import { useEffect, useLayoutEffect, useRef } from "preact/hooks";
import type { Card } from "../cards";
import type { LivePictures } from "../inspections";
import { describePicture, describePlace, describeSamples, describeWaiting, toneOf } from "../words";
import { CellPicture } from "./CellPicture";
import { ClassBars, reachOf } from "./ClassBars";
import { Crops } from "./Crops";
import { useWidget } from "./context";
import { Icon } from "./icons";
import { StateMark } from "./StateMark";
import { Trace } from "./Trace";

const ASK_AGAIN = 1500;

/** One cell in depth: its picture optimised live, what was there in truth, what it argues for. */
export function DetailPanel() {
  const { view } = useWidget();
  const opened = view.opened.value;
  if (!opened) return null;
  // A fresh panel a cell: nothing of one cell is ever shown as another's.
  return <Detail key={`${opened.grid}:${opened.cell}`} grid={opened.grid} cell={opened.cell} />;
}

function Detail({ grid, cell }: { grid: number; cell: number }) {
  const { store, view } = useWidget();
  const seed = useSignal(0);
  const live = useSignal<LivePictures | null>(null);
  void store.cards.version.value;
  void store.cards.labelVersion.value;
  const card = store.cards.get(grid, cell);
  const connected = store.connected.value;

  useEffect(() => {
    if (!connected) return;
    const pictures = store.details.inspections.open({ grid, cell }, seed.value);
    live.value = pictures;
    return () => pictures.stop();
  }, [seed.value, connected]);

  useSignalEffect(() => {
    view.inspectStep.value = live.value?.state.value.step ?? 0;
  });
  useEffect(
    () => () => {
      view.inspectStep.value = 0;
    },
    [],
  );

  useEffect(() => {
    const ask = () => store.wantCard(grid, cell);
    ask();
    const again = setInterval(ask, ASK_AGAIN);
    return () => clearInterval(again);
  }, []);

  const label = store.label(grid, cell);
  const both = [...(card?.classes ?? []), ...(card?.against ?? [])];
  const reach = reachOf(both);
  return (
    <aside class="aw-detail" aria-label="The cell in detail">
      <header class="aw-detail-head">
        <div>
          <h2 class={label ? "" : "aw-unsure"}>
            {label ?? (card?.classes ? "no certain class" : "Cell")}
          </h2>
          <p>
            {describePlace(grid, cell)} of {grid} × {grid} ·{" "}
            {describeSamples(store.grid(grid), cell, card?.count)}
          </p>
        </div>
        <button
          type="button"
          class="aw-button aw-quiet"
          title="Close (Escape)"
          aria-label="Close"
          onClick={() => {
            view.opened.value = null;
          }}
        >
          <Icon name="close" />
        </button>
      </header>
      <LivePicture grid={grid} cell={cell} live={live.value} card={card} />
      <div class="aw-detail-actions">
        <button
          type="button"
          class="aw-button"
          disabled={!connected}
          onClick={() => {
            seed.value++;
          }}
        >
          <Icon name="seed" /> Another seed
        </button>
        <AtlasPictureState grid={grid} cell={cell} />
      </div>
      <section>
        <h3>
          What it argues for <small>mean contribution to the logit, 95 % interval</small>
        </h3>
        {card?.classes ? (
          both.length > 0 ? (
            <>
              <ClassBars values={card.classes} reach={reach} diverging />
              {card.against && card.against.length > 0 && (
                <>
                  <h3>… and against</h3>
                  <ClassBars values={card.against} reach={reach} diverging />
                </>
              )}
            </>
          ) : (
            <p class="aw-note">This layer’s model has no classes.</p>
          )
        ) : (
          <p class="aw-note">{describeWaiting(connected, card !== null)}</p>
        )}
      </section>
    </aside>
  );
}

function AtlasPictureState({ grid, cell }: { grid: number; cell: number }) {
  const { store } = useWidget();
  void store.pictureVersion.value;
  const picture = store.pictures.get(grid, cell) ?? null;
  return (
    <span class="aw-detail-state" title="The picture in the atlas">
      <StateMark tone={toneOf(picture)} />
      in the atlas: {describePicture(picture)}
    </span>
  );
}

function LivePicture({
  grid,
  cell,
  live,
  card,
}: {
  grid: number;
  cell: number;
  live: LivePictures | null;
  card: Card | null;
}) {
  const { store } = useWidget();
  const canvas = useRef<HTMLCanvasElement>(null);
  const now = live?.state.value ?? null;
  const picture = now?.pictures ?? null;
  useLayoutEffect(() => {
    const element = canvas.current;
    if (!element || !picture) return;
    element.width = picture.width;
    element.height = picture.height;
    element.getContext("2d")?.drawImage(picture, 0, 0);
  }, [picture]);
  const cosine = now?.cosine === null || !now ? "" : ` · cosine ${now.cosine.toFixed(2)}`;
  const words = !store.connected.value
    ? "The atlas’s picture; there is no kernel"
    : !now || now.step === 0
      ? "Waiting for the first frame…"
      : now.done
        ? `Finished: ${now.step} steps${cosine}`
        : `Step ${now.step} of ${now.steps}${cosine}`;
  return (
    <figure class="aw-live">
      <div class="aw-live-row">
        <div class="aw-live-frame">
          <CellPicture grid={grid} cell={cell} size={224} />
          <canvas
            ref={canvas}
            class={`aw-live-canvas ${picture ? "aw-here" : ""}`}
            role="img"
            aria-label="The picture as it is being optimised"
          />
        </div>
        <div class="aw-live-crops" title="The real image patches nearest to the cell’s mean">
          <Crops card={card} size={53} limit={8} />
          {card && card.crops > 0 && <small>nearest real crops</small>}
        </div>
      </div>
      <div
        class="aw-live-progress"
        style={{ "--aw-share": now && now.steps > 0 ? now.step / now.steps : 0 }}
      />
      <figcaption>
        <span>{words}</span>
        {now && now.trace.length > 1 && <Trace points={now.trace} steps={now.steps} />}
      </figcaption>
    </figure>
  );
}
