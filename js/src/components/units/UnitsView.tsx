import { useSignal } from "@preact/signals";
import { useEffect, useMemo } from "preact/hooks";
import { inOrder, neighbourOf } from "../../units/overview";
import { alongMap } from "../../units/unit_map";
import { UNITS_VIEW } from "../../units/units";
import { useWidget } from "../context";
import { UnitPage } from "./UnitPage";
import { UnitsBeside } from "./UnitsBeside";
import { UnitsGrid } from "./UnitsGrid";
import { UnitsHead } from "./UnitsHead";
import { UnitsMap } from "./UnitsMap";

/** The units of the layer: all of them in a grid, or the page of one. */
export function UnitsView() {
  const { store, view } = useWidget();
  const alive = useSignal(false);
  const label = useSignal<number | null>(null);
  const { units, openUnit, unit, unitOrder: order } = store;
  const shown = view.showing.value === UNITS_VIEW;
  const revision = store.layout.value?.revision ?? -1;
  const connected = store.connected.value;
  const opened = unit.value;
  useEffect(() => {
    if (!shown || !connected || revision < 0) return;
    units.want();
    openUnit.turnTo(opened);
  }, [shown, connected, revision, opened]);
  const overview = units.overview.value;
  // A picture that is finished meanwhile moves no tile under the pointer: the list is sorted anew
  // when the order is chosen, and when a page is left.
  const inList = useMemo(() => {
    const choice = { order: order.value, alive: alive.value, label: label.value };
    const all = overview ? inOrder(overview, choice, units.beyond.peek()) : [];
    const saved = store.savedUnits;
    return saved ? all.filter((one) => saved.includes(one)) : all;
  }, [overview, order.value, alive.value, label.value, opened === null]);
  if (!overview) {
    return (
      <p class="aw-units-empty">
        {connected
          ? "The units are shown once the layer’s activations are collected…"
          : "The units of a layer need a running kernel."}
      </p>
    );
  }
  const arranged = order.value === "correlation";
  const map = arranged ? units.map.value : null;
  const listed = map ? alongMap(map, inList) : inList;
  if (opened !== null) {
    return (
      <UnitPage
        key={opened}
        unit={opened}
        overview={overview}
        onStep={(step) => {
          unit.value = neighbourOf(listed, opened, step);
        }}
      />
    );
  }
  return (
    <section class="aw-units" aria-label="Units of the layer">
      <UnitsHead
        overview={overview}
        order={order}
        alive={alive}
        label={label}
        shown={listed.length}
      />
      {arranged ? (
        <UnitsMap overview={overview} shown={shown} />
      ) : order.value === "match" ? (
        <UnitsBeside shown={shown} />
      ) : (
        <UnitsGrid overview={overview} units={listed} order={order.value} shown={shown} />
      )}
    </section>
  );
}
