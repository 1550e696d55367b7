import { useEffect, useRef } from "preact/hooks";
import type { Overview } from "../../units/overview";
import { slotSide, type UnitMap } from "../../units/unit_map";
import { unitKey } from "../../units/units";
import { formatDecimal } from "../../util/numbers";
import { CellPicture } from "../CellPicture";
import { useWidget } from "../context";
import { useScrollBox } from "../useScrollBox";

/** The time that the map rests before the kernel hears what is in sight (ms). */
const SETTLE = 120;
const GAP = 4;

/** The units arranged by the correlation of their activations. */
export function UnitsMap({ overview, shown }: { overview: Overview; shown: boolean }) {
  const { store } = useWidget();
  const map = store.units.map.value;
  const connected = store.connected.value;
  useEffect(() => {
    if (shown && connected) store.units.wantMap();
  }, [shown, connected, overview]);
  if (!map || map.failed) {
    return (
      <p class="aw-units-empty" role={map ? "alert" : "status"}>
        {map ? `The units cannot be arranged: ${map.failed}` : "Arranging the units…"}
      </p>
    );
  }
  return (
    <>
      <p class="aw-units-said" data-aw-unit-map-said>
        {describe(map)}
      </p>
      <Slots map={map} shown={shown} />
    </>
  );
}

function Slots({ map, shown }: { map: UnitMap; shown: boolean }) {
  const { store } = useWidget();
  const holder = useRef<HTMLDivElement>(null);
  const box = useScrollBox(holder);
  const side = slotSide(map, box.width - 2 * GAP);
  const first = Math.max(0, Math.floor(box.top / side) - 1);
  const last = Math.min(map.rows, Math.ceil((box.top + box.height) / side) + 1);
  const slots = Array.from(
    { length: Math.max(0, last - first) * map.columns },
    (_, at) => first * map.columns + at,
  ).filter((slot) => (map.units[slot] ?? -1) >= 0);
  const sight = shown ? slots.map((slot) => map.units[slot]!).join() : "";
  useEffect(() => {
    const units = sight ? sight.split(",").map(Number) : [];
    const timer = setTimeout(() => store.units.look(units, []), SETTLE);
    return () => clearTimeout(timer);
  }, [sight]);
  useEffect(() => () => store.units.look([], []), []);
  return (
    <div ref={holder} class="aw-units-scroll aw-units-map" data-aw-unit-map={map.columns}>
      <ul style={{ width: `${map.columns * side}px`, height: `${map.rows * side}px` }}>
        {slots.map((slot) => {
          const unit = map.units[slot]!;
          const [row, column] = [Math.floor(slot / map.columns), slot % map.columns];
          return (
            <li key={unit} style={{ left: `${column * side}px`, top: `${row * side}px` }}>
              <button
                type="button"
                class="aw-unit"
                title={`Open unit ${unit}`}
                aria-label={`Unit ${unit}`}
                data-aw-unit={unit}
                onClick={() => {
                  store.unit.value = unit;
                }}
              >
                <CellPicture of={unitKey(unit)} size={side - GAP} />
              </button>
            </li>
          );
        })}
      </ul>
    </div>
  );
}

/** How far the map got in laying units side by side that are active together. */
function describe({ adjacent, overall }: UnitMap): string {
  const told = "Units that are active together lie side by side";
  if (adjacent === null || overall === null) return `${told}.`;
  return `${told}: neighbours correlate ${formatDecimal(adjacent)} on average over the samples, all pairs ${formatDecimal(Math.round(100 * overall) / 100 + 0)}. Dead units have no place.`;
}
