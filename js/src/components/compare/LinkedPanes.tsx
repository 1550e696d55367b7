import { useComputed, useSignalEffect } from "@preact/signals";
import { useEffect, useLayoutEffect, useMemo, useRef } from "preact/hooks";
import {
  type ComparedMap,
  type Comparison,
  commonGround,
  membersOf,
  otherSide,
  SIDES,
  type Side,
} from "../../compare/comparison";
import type { Comparisons } from "../../compare/comparisons";
import { cellRange } from "../../geometry/geometry";
import { agreementOverlay, topAgreement } from "../../overlays/agreement";
import { Tint } from "../../renderer/tint";
import { LinkedMap, LinkedMaps, type MapMarks, NO_MARKS } from "../../view/linked_maps";
import { useWidget } from "../context";
import { AgreementLegend } from "./AgreementLegend";
import type { Looking } from "./useLooking";

const STEPS: Readonly<Record<string, readonly [dRow: number, dCol: number]>> = {
  ArrowUp: [-1, 0],
  ArrowDown: [1, 0],
  ArrowLeft: [0, -1],
  ArrowRight: [0, 1],
};

/** Two maps side by side: moved together, with the partner of the cell that is looked at. */
export function LinkedPanes({
  state,
  comparison,
  looking,
  differences,
  shown,
}: {
  state: Comparisons;
  comparison: Comparison;
  looking: Looking;
  differences: boolean;
  shown: boolean;
}) {
  const { store } = useWidget();
  const { maps } = comparison;
  const linked = useMemo(() => {
    const ground = commonGround(comparison);
    return new LinkedMaps((moved) =>
      SIDES.map(
        (side) =>
          new LinkedMap(maps[side].grid, ground, store.pictures, {
            moved,
            inSight: (cells) => {
              if (side === "b") state.look(cells);
              else {
                const grid = maps.a.grid.size;
                const range = cellRange([0, 0, 1, 1], grid);
                store.supply.look(comparison, { grid, range, cells }, []);
              }
            },
          }),
      ),
    );
  }, [comparison]);
  const of = (side: Side): LinkedMap => linked.maps[SIDES.indexOf(side)];
  useEffect(() => {
    const stop = store.onChange((change) => {
      if (change.kind !== "pictures") return;
      for (const map of linked.maps) map.picturesChanged(change.keys);
    });
    return () => {
      stop();
      store.supply.forgetView(comparison);
    };
  }, [linked]);
  useEffect(() => {
    if (!shown) store.supply.forgetView(comparison);
  }, [shown]);
  useEffect(() => {
    const top = topAgreement([maps.a, maps.b]);
    for (const side of SIDES) {
      const overlay = differences ? agreementOverlay(maps[side], side, top) : null;
      of(side).colour(overlay && new Tint(maps[side].grid, overlay));
    }
  }, [linked, differences]);
  const marks = useComputed<Record<Side, MapMarks>>(() => {
    const at = looking.at.value;
    if (!at) return { a: NO_MARKS, b: NO_MARKS };
    const members = membersOf(maps[at.side], at.cell);
    const other = otherSide(at.side);
    const { x, y } = maps[other];
    const partner = maps[at.side].cells.get(at.cell)?.partner ?? null;
    const here = { active: at.cell, partner: null, dots: [] };
    const there = {
      active: null,
      partner,
      dots: members.map((sample) => ({ x: x[sample], y: y[sample] })),
    };
    return at.side === "a" ? { a: here, b: there } : { a: there, b: here };
  });
  useSignalEffect(() => {
    for (const side of SIDES) of(side).mark(marks.value[side]);
  });
  return (
    <div class="aw-compare-maps">
      {SIDES.map((side) => (
        <Pane
          key={side}
          side={side}
          of={maps[side]}
          map={of(side)}
          looking={looking}
          crops={side === "b" && !comparison.inverted}
        />
      ))}
      {differences && <AgreementLegend top={topAgreement([maps.a, maps.b])} />}
    </div>
  );
}

function Pane({
  side,
  of,
  map,
  looking,
  crops,
}: {
  side: Side;
  of: ComparedMap;
  map: LinkedMap;
  looking: Looking;
  crops: boolean;
}) {
  const { store } = useWidget();
  const stage = useRef<HTMLDivElement>(null);
  const base = useRef<HTMLCanvasElement>(null);
  const overlay = useRef<HTMLCanvasElement>(null);
  useLayoutEffect(() => map.attach(stage.current!, base.current!, overlay.current!), [map]);
  useSignalEffect(() => {
    const cell = map.active.value;
    looking.point(cell === null ? null : { side, cell });
  });
  useSignalEffect(() => {
    const { camera, size, viewport } = map.navigation;
    void camera.value;
    void size.value;
    if (stage.current)
      stage.current.dataset.awViewport = viewport.map((at) => at.toFixed(3)).join();
  });
  void store.pictureVersion.value;
  const made = store.pictures.counts(of.grid.group).final / Math.max(1, of.grid.ids.length);
  const keep = () => {
    const cell = map.active.peek();
    if (cell !== null) looking.keep({ side, cell });
  };
  return (
    <figure class="aw-compare-pane" data-aw-pane={side} data-aw-made={made.toFixed(2)}>
      <figcaption>
        <strong>{of.name}</strong>
        {crops && <small> shown by crops: its network is not here</small>}
      </figcaption>
      <div class="aw-stage-holder">
        <div
          ref={stage}
          class={`aw-stage ${map.active.value === null ? "" : "aw-over"}`}
          role="group"
          tabIndex={0}
          aria-label={`Map of ${of.name}: the arrow keys go from cell to cell`}
          onClick={keep}
          onKeyDown={(event) => {
            const step = STEPS[event.key];
            if (step) map.step(...step);
            else if (event.key === "Enter" || event.key === " ") keep();
            else if (event.key !== "Escape" || !looking.release()) return;
            event.preventDefault();
            event.stopPropagation();
          }}
        >
          <canvas ref={base} aria-hidden="true" />
          <canvas ref={overlay} aria-hidden="true" />
        </div>
      </div>
    </figure>
  );
}
