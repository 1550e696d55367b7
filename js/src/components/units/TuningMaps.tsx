import { reachOfMaps, type Scrambled, type TuningMap, type UnitTuning } from "../../units/blocks";
import { directionsOf } from "../../units/directions";
import { formatDecimal, formatPlain } from "../../util/numbers";
import { useWidget } from "../context";
import { Tile } from "../Tile";
import { HeatMap } from "./HeatMap";
import { PolarCurve } from "./PolarCurve";
import { UnitWorkState } from "./UnitWorkState";

const WIDTH = 156;
const HEIGHT = 84;
const BEST = 40;
const POLAR = 84;

/** How the unit answers to synthetic pictures: a map a set, with the stimulus it answers to most. */
export function TuningMaps() {
  const { store } = useWidget();
  const tuning = store.openUnit.tuning.value;
  return (
    <section data-aw-tuning={tuning?.maps.length ?? 0}>
      <h3 class="aw-with-choice">
        <span>
          Synthetic pictures{" "}
          <small>
            {tuning
              ? `how much more active it is than for plain grey, in a field of ${tuning.side} pixels; z in standard deviations of the real samples`
              : "gratings, edges, curves, angles, colours, checkers, spots, shapes"}
          </small>
        </span>
        {!tuning && (
          <UnitWorkState
            work="tuning"
            words="Show them to the layer"
            title="About 1,700 pictures, once for all units of the layer"
            counts={["picture", "pictures"]}
          />
        )}
      </h3>
      {tuning && <Maps tuning={tuning} />}
      {tuning && <Control />}
    </section>
  );
}

/** The best stimulus against copies of it with random phases. */
function Control() {
  const scrambled = useWidget().store.openUnit.scrambled.value;
  if (scrambled) {
    return (
      <p class="aw-note" data-aw-scrambled={scrambled.set}>
        {verdict(scrambled)}
      </p>
    );
  }
  return (
    <UnitWorkState
      work="scrambled"
      words="Scramble its best picture"
      title="As a control, show the unit 64 scrambled copies of the picture that it answers to most: the same spatial frequencies, at random phases"
      counts={["set", "sets"]}
    />
  );
}

/** What the control says of the tuning; all answers are above that to grey. */
function verdict({ set, best, low, high, grey }: Scrambled): string {
  const above = (value: number) => formatPlain(value - grey);
  const told = `Its best picture (${set}) gives ${above(best)}; 95 % of 64 copies with random phases give ${above(low)} to ${above(high)}.`;
  return best > high
    ? `${told} So it answers to the shape, not to contrast and spatial frequency alone.`
    : `${told} So contrast and spatial frequency suffice: it is not tuned to the shape.`;
}

function Maps({ tuning }: { tuning: UnitTuning }) {
  const reach = reachOfMaps(tuning.maps);
  return (
    <div class="aw-tuning">
      {tuning.maps.map((map, at) => (
        <figure key={map.name} class="aw-tuning-map" data-aw-tuning-set={map.name}>
          <figcaption>
            <Tile sheet={tuning.stimuli} left={at * tuning.tile} side={tuning.tile} size={BEST} />
            <span>
              <strong>{map.name}</strong>
              <small>{describe(map)}</small>
            </span>
          </figcaption>
          <HeatMap
            values={map.values}
            columns={map.columns.length}
            reach={reach}
            width={WIDTH}
            height={HEIGHT}
            label={`${map.name}: ${map.rowName} by ${map.columnName}`}
            titleOf={(value, row, column) =>
              `${map.rowName} ${map.rows[row]}, ${map.columnName} ${map.columns[column]}: ${formatPlain(value)}`
            }
          />
          <small>
            {map.rowName} ↓ · {map.columnName} →
          </small>
          <Directions map={map} />
        </figure>
      ))}
    </div>
  );
}

function Directions({ map }: { map: TuningMap }) {
  const curve = directionsOf(map);
  if (!curve) return null;
  return (
    <PolarCurve
      {...curve}
      size={POLAR}
      label={`${map.name}: largest answer by ${map.columnName}`}
    />
  );
}

function describe({ z, tuned, preferred, selectivity }: TuningMap): string {
  if (z === null) return "";
  if (!tuned) return `not tuned (best z ${formatDecimal(z, 1)})`;
  const angle = preferred === null ? "" : ` at ${formatPlain(preferred)}°`;
  const how = selectivity === null ? "" : `, selectivity ${formatDecimal(selectivity)}`;
  return `best z ${formatDecimal(z, 1)}${angle}${how}`;
}
