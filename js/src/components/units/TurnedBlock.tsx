import type { TurnedExamples } from "../../units/turned";
import { formatDecimal, formatPercent, formatPlain } from "../../util/numbers";
import { useWidget } from "../context";
import { Tile } from "../Tile";
import { HeatMap } from "./HeatMap";
import { PolarCurve } from "./PolarCurve";
import { UnitWorkState } from "./UnitWorkState";

const WIDTH = 330;
const ROW = 20;
const POLAR = 110;

/** How the unit answers to what it sees in its strongest examples, in all rotations. */
export function TurnedBlock() {
  const turned = useWidget().store.openUnit.turned.value;
  return (
    <section data-aw-turned={turned ? turned.angles.length : ""}>
      <h3 class="aw-with-choice">
        <span>
          Turned examples{" "}
          <small>
            {turned
              ? `what it sees in its strongest ${turned.exact ? "examples" : "samples"}, turned counter-clockwise in a round window of ${turned.side} pixels; how much more active it is than for plain grey`
              : "what it sees in its strongest examples, in 72 rotations"}
          </small>
        </span>
        {!turned && (
          <UnitWorkState
            work="turned"
            words="Turn its strongest examples"
            title="Five examples in 72 rotations each, through the same round window"
            counts={["picture", "pictures"]}
          />
        )}
      </h3>
      {turned && <Answers turned={turned} />}
    </section>
  );
}

function Answers({ turned }: { turned: TurnedExamples }) {
  const { angles, values, mean, sheet, tile, preferred, selectivity } = turned;
  const examples = Math.round(values.length / Math.max(angles.length, 1));
  const reach = Math.max(1e-6, ...values.map(Math.abs));
  return (
    <>
      <div class="aw-turned">
        <div>
          <div class="aw-turned-examples">
            {Array.from({ length: examples }, (_, at) => (
              <Tile key={at} sheet={sheet} left={at * tile} side={tile} size={ROW} />
            ))}
          </div>
          <HeatMap
            values={values}
            columns={angles.length}
            reach={reach}
            width={WIDTH}
            height={ROW * examples}
            label="Answers to each example by rotation"
            titleOf={(value, row, column) =>
              `Example ${row + 1}, turned by ${angles[column]}°: ${formatPlain(value)}`
            }
          />
        </div>
        <figure>
          <PolarCurve
            angles={angles}
            values={mean}
            size={POLAR}
            label="Mean answer by rotation; 0° to the right"
          />
          <figcaption>
            <small>
              {preferred === null
                ? "no more active than for grey"
                : `mean, most at ${formatPlain(preferred)}°, selectivity ${selectivity === null ? "–" : formatDecimal(selectivity)}`}
            </small>
          </figcaption>
        </figure>
      </div>
      <p class="aw-note" data-aw-turned-verdict>
        {verdict(turned)}
      </p>
    </>
  );
}

/** What the window leaves of the examples, and what the control says. */
function verdict({ kept, best, low, high, z }: TurnedExamples): string {
  const told = [
    ...(kept === null
      ? []
      : [
          `Within the window ${formatPercent(Math.max(kept, 0))} of the activation in the images is left.`,
        ]),
    `The best picture gives ${formatPlain(best)}${z === null ? "" : ` (z ${formatDecimal(z, 1)})`}; 95 % of 64 copies of it with random phases give ${formatPlain(low)} to ${formatPlain(high)}.`,
    best > high
      ? "So it answers to the shape, not to contrast and spatial frequency alone."
      : "So contrast and spatial frequency suffice.",
  ];
  return told.join(" ");
}
