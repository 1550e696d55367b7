import { useEffect, useRef } from "preact/hooks";
import { isDead, type Order, type Overview } from "../../units/overview";
import { rowsInSight } from "../../units/rows";
import { unitKey } from "../../units/units";
import { formatPercent, formatPlain, formatShare } from "../../util/numbers";
import { CellPicture } from "../CellPicture";
import { useWidget } from "../context";
import { useScrollBox } from "../useScrollBox";

const PICTURE = 84; // CSS pixels, as in units.css
const TILE = { width: 100, height: 116 };
/** The time that the grid rests before the kernel hears what is in sight (ms). */
const SETTLE = 120;

/** A wrapping grid of units; only the rows in sight are drawn. */
export function UnitsGrid({
  overview,
  units,
  order,
  shown,
}: {
  overview: Overview;
  units: readonly number[];
  order: Order;
  shown: boolean;
}) {
  const { store } = useWidget();
  const holder = useRef<HTMLDivElement>(null);
  const box = useScrollBox(holder);
  const { columns, first, last, height } = rowsInSight(units.length, TILE, box);
  const visible = units.slice(first * columns, last * columns);
  const beyond = store.units.beyond.value;
  const sight = shown ? visible.join() : "";
  useEffect(() => {
    const near = shown ? units.slice(last * columns, (2 * last - first) * columns) : [];
    const timer = setTimeout(() => store.units.look(shown ? [...visible] : [], [...near]), SETTLE);
    return () => clearTimeout(timer);
  }, [sight, overview]);
  // Another view is shown, or a page: none are in sight.
  useEffect(() => () => store.units.look([], []), []);
  return (
    <div ref={holder} class="aw-units-scroll">
      <div class="aw-units-space" style={{ height: `${height}px` }}>
        <ul
          class="aw-units-grid"
          style={{
            top: `${first * TILE.height}px`,
            gridTemplateColumns: `repeat(${columns}, 1fr)`,
          }}
        >
          {visible.map((unit) => (
            <li key={unit}>
              <button
                type="button"
                class={`aw-unit ${isDead(overview, unit) ? "aw-unit-dead" : ""}`}
                title={`Open unit ${unit}`}
                data-aw-unit={unit}
                onClick={() => {
                  store.unit.value = unit;
                }}
              >
                <CellPicture of={unitKey(unit)} size={PICTURE} />
                <span>
                  {unit}
                  <small>
                    {isDead(overview, unit)
                      ? "dead"
                      : order === "picture"
                        ? reached(beyond.get(unit))
                        : valueIn(overview, order, unit)}
                  </small>
                </span>
              </button>
            </li>
          ))}
        </ul>
      </div>
    </div>
  );
}

function reached(beyond: number | undefined): string {
  return beyond === undefined ? "no picture yet" : `beyond ${formatShare(beyond)}`;
}

function valueIn(overview: Overview, order: Order, unit: number): string {
  const name = overview.statistics.has(order) ? order : "active";
  const value = overview.statistics.get(name)?.[unit];
  if (value === undefined || !Number.isFinite(value)) return "";
  return name === "active" ? `${formatPercent(value)} active` : formatPlain(value);
}
