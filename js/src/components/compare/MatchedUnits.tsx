import type { Comparison } from "../../compare/comparison";
import { UNITS_VIEW } from "../../units/units";
import { formatDecimal, plural } from "../../util/numbers";
import { useWidget } from "../context";

/** The units of the two layers that match best; a click opens the first one’s page. */
export function MatchedUnits({ comparison }: { comparison: Comparison }) {
  const { store, view } = useWidget();
  const { units, maps } = comparison;
  return (
    <section class="aw-compare-units" data-aw-matched-units={units.mutual}>
      <h3>Units that match</h3>
      <p>
        {plural(units.mutual, "pair")} of units are each other’s best match, by the correlation of
        their activations over the samples. Without a match better than chance:{" "}
        {plural(units.gone, "unit")} of {maps.a.name}, {plural(units.new, "unit")} of {maps.b.name}.
      </p>
      {units.best.length > 0 && (
        <ul>
          {units.best.map(({ unit, match, r, floor }) => (
            <li key={unit}>
              <button
                type="button"
                class="aw-link"
                title={`Open unit ${unit} of ${maps.a.name}`}
                onClick={() => {
                  store.unit.value = unit;
                  view.showing.value = UNITS_VIEW;
                }}
              >
                {unit}
              </button>{" "}
              ↔ {match}{" "}
              <small>
                {r !== null && `r = ${formatDecimal(r)}`}
                {floor !== null && ` (chance ${formatDecimal(floor)})`}
              </small>
            </li>
          ))}
        </ul>
      )}
    </section>
  );
}
