import type { Connection, Wiring } from "../../units/blocks";
import { formatPlain, formatShare, largestSize, plural } from "../../util/numbers";
import { useWidget } from "../context";
import { Stretch } from "../Stretch";
import { Tile } from "../Tile";
import { HeatMap } from "./HeatMap";
import { UnitWorkState } from "./UnitWorkState";

const PICTURE = 52;
const WEIGHTS = 36;

/** The units that feed the open one, and those that it feeds, on real images and by weights. */
export function WiringBlock() {
  const { store } = useWidget();
  const wiring = store.openUnit.wiring.value;
  return (
    <section data-aw-wiring={wiring?.connections.length ?? 0}>
      <h3 class="aw-with-choice">
        <span>
          Wiring{" "}
          <small>
            {wiring
              ? `mean over its ${plural(wiring.images, "strongest example")}: activation × gradient, with 95 % intervals; maps: expanded weights`
              : "which units of the neighbouring layers feed it, and which it feeds"}
          </small>
        </span>
        {!wiring && (
          <UnitWorkState
            work="wiring"
            words="Trace it"
            title="Compute what the units of the layers before and after contribute to it and get from it, in its strongest examples"
            counts={["layer", "layers"]}
          />
        )}
      </h3>
      {wiring && <Both wiring={wiring} />}
    </section>
  );
}

function Both({ wiring }: { wiring: Wiring }) {
  const below = wiring.connections.filter((connection) => connection.below);
  const above = wiring.connections.filter((connection) => !connection.below);
  return (
    <>
      <div class="aw-wiring">
        <Side title="Fed by" of={below} wiring={wiring} none="No layer runs before this one." />
        <Side title="Feeds" of={above} wiring={wiring} none="No layer runs after this one." />
      </div>
      {!wiring.connected && (
        <p class="aw-note">
          How its layers are connected cannot be read off this network: neighbours here are the
          layers that ran just before and after, which need not be connected to this one.
        </p>
      )}
    </>
  );
}

function Side({
  title,
  of: connections,
  wiring,
  none,
}: {
  title: string;
  of: readonly Connection[];
  wiring: Wiring;
  none: string;
}) {
  const { store } = useWidget();
  const layers = [...new Set(connections.map(({ layer }) => layer))];
  const reach = largestSize(connections.map(({ contribution }) => contribution));
  return (
    <div>
      <h4>{title}</h4>
      {layers.length === 0 && <p class="aw-note">{none}</p>}
      {layers.map((layer) => {
        const own = connections.filter((connection) => connection.layer === layer);
        const share = own.reduce((sum, connection) => sum + connection.share, 0);
        return (
          <div key={layer}>
            <small>
              {layer}: these carry {formatShare(share)} of all contributions
            </small>
            <ul class="aw-wiring-rows">
              {own.map((connection) => (
                <li key={connection.unit}>
                  <button
                    type="button"
                    class="aw-unit-link aw-wiring-row"
                    title={describe(connection)}
                    data-aw-connection={`${layer}:${connection.unit}`}
                    onClick={() => store.openUnitOf(layer, connection.unit)}
                  >
                    <Tile
                      sheet={wiring.pictures}
                      left={connection.tile * wiring.tile}
                      side={wiring.tile}
                      size={PICTURE}
                    />
                    <span class="aw-wiring-number">{connection.unit}</span>
                    <Bar connection={connection} reach={reach} />
                    <Weights connection={connection} />
                  </button>
                </li>
              ))}
            </ul>
          </div>
        );
      })}
    </div>
  );
}

function Bar({ connection, reach }: { connection: Connection; reach: number }) {
  const place = (value: number) => Math.min(1, Math.max(0, 0.5 + value / reach / 2));
  const { contribution, low, high } = connection;
  const uncertain = low === null || high === null || (low <= 0 && high >= 0);
  return (
    <span class={`aw-bar-track ${uncertain ? "aw-uncertain" : ""}`} aria-hidden="true">
      <Stretch
        class={`aw-bar ${contribution < 0 ? "aw-against" : "aw-for"}`}
        from={place(0)}
        to={place(contribution)}
      />
      {low !== null && high !== null && (
        <Stretch class="aw-whisker" from={place(low)} to={place(high)} />
      )}
    </span>
  );
}

function Weights({ connection }: { connection: Connection }) {
  const { values, columns, rows } = connection.weights;
  if (values.length === 0) return null;
  const reach = largestSize(values);
  return (
    <span class="aw-wiring-weights">
      <HeatMap
        values={values}
        columns={columns}
        reach={reach}
        width={WEIGHTS}
        height={(WEIGHTS * rows) / columns}
        label={`expanded weights, ${rows} by ${columns}`}
      />
    </span>
  );
}

function describe({ layer, unit, contribution, low, high, share, weights }: Connection): string {
  const interval =
    low === null || high === null
      ? "one image, so no interval"
      : `${formatPlain(low)} to ${formatPlain(high)}`;
  const kernel = weights.values.length
    ? `; expanded weights over ${weights.rows} × ${weights.columns} positions, from ${formatPlain(Math.min(...weights.values))} to ${formatPlain(Math.max(...weights.values))}`
    : "";
  return `Open ${layer} : ${unit}. Contribution ${formatPlain(contribution)} (${interval}), ${formatShare(share)} of all${kernel}`;
}
