import type { Curve, Curves, Opened, Trial } from "../../image/answers";
import type { OpenImage } from "../../image/open_image";
import { formatValue, largestSize, plural } from "../../util/numbers";
import { ImageWorkButton } from "./ImageWorkButton";

const WIDTH = 250;
const HEIGHT = 110;

/** Does the network behave as attribution says? Something removed, and curves of removal. */
export function TryIt({ state, opened }: { state: OpenImage; opened: Opened }) {
  const trial = state.trial.value;
  const curves = state.curves.value;
  const problem = state.failures.value.get("image_trial");
  const layer = state.looking.layer.value;
  const map = opened.layers[layer];
  if (opened.withoutClasses || !map) return null;
  return (
    <section class="aw-image-block aw-image-part" data-aw-try={trial ? trial.words : ""}>
      <h3>
        Try it <small>does the network do what attribution predicts?</small>
      </h3>
      {problem && <p class="aw-note aw-task-failed">{problem}</p>}
      {trial ? (
        <TrialTable trial={trial} />
      ) : (
        <p class="aw-note">
          “Remove” beside a position, channel or group takes it out of the layer. Shift and a click
          choose several positions.
        </p>
      )}
      {curves && <BothCurves curves={curves} layer={opened.layers[curves.layer]?.name ?? ""} />}
      <ImageWorkButton
        state={state}
        work="curves"
        layer={layer}
        words={`Remove and put back all positions of ${map.name}`}
        title="The logit as positions are set to zero, the strongest arguments for the class first, and as they are put back; beside it the same in random orders"
        counts={["order", "orders"]}
      />
    </section>
  );
}

function TrialTable({ trial }: { trial: Trial }) {
  const changes = trial.classes.flatMap(({ predicted, actual }) => [predicted, actual]);
  const reach = largestSize(changes);
  const best = (by: (of: Trial["classes"][number]) => number) =>
    [...trial.classes].sort((x, y) => by(y) - by(x))[0];
  const before = best(({ score }) => score);
  const after = best(({ score, actual }) => score + actual);
  return (
    <>
      <p>
        Without {trial.words}:{" "}
        {before?.index === after?.index
          ? `still ${after?.name}`
          : `${after?.name} in place of ${before?.name}`}
        .
      </p>
      <table class="aw-trial" data-aw-trial={trial.classes.length}>
        <thead>
          <tr>
            <th>Class</th>
            <th>logit</th>
            <th>predicted</th>
            <th>actual</th>
            <th>after</th>
          </tr>
        </thead>
        <tbody>
          {trial.classes.map(({ index, name, score, predicted, actual }) => (
            <tr key={index}>
              <td>{name}</td>
              <td>{score.toFixed(2).replace("-", "−")}</td>
              <td class={predicted < 0 ? "aw-text-against" : "aw-text-for"}>
                <Size share={predicted / reach} />
                {formatValue(predicted)}
              </td>
              <td class={actual < 0 ? "aw-text-against" : "aw-text-for"}>
                <Size share={actual / reach} />
                {formatValue(actual)}
              </td>
              <td>{(score + actual).toFixed(2).replace("-", "−")}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </>
  );
}

function Size({ share }: { share: number }) {
  return (
    <span
      class={`aw-trial-size ${share < 0 ? "aw-against" : "aw-for"}`}
      style={{ width: `${(36 * Math.abs(share)).toFixed(1)}px` }}
      aria-hidden="true"
    />
  );
}

function BothCurves({ curves, layer }: { curves: Curves; layer: string }) {
  return (
    <div class="aw-curves" data-aw-curves={curves.counts.length}>
      <CurveChart
        title="Positions removed, strongest first"
        curve={curves.deletion}
        counts={curves.counts}
      />
      <CurveChart
        title="Positions put back, strongest first"
        curve={curves.insertion}
        counts={curves.counts}
      />
      <p class="aw-note">
        Logit of {curves.name} by the number of positions of {layer}, up to{" "}
        {plural(curves.counts.at(-1) ?? 0, "position")}. The grey band: random orders. An
        attribution that says something about the network leaves it, downwards on the left, upwards
        on the right.
      </p>
    </div>
  );
}

function CurveChart({
  title,
  curve,
  counts,
}: {
  title: string;
  curve: Curve;
  counts: readonly number[];
}) {
  const all = [...curve.values, ...curve.low, ...curve.high];
  const [low, high] = [Math.min(...all), Math.max(...all)];
  const most = Math.max(1, ...counts);
  const x = (at: number) => (WIDTH * (counts[at] ?? 0)) / most;
  const y = (value: number) => HEIGHT - 4 - ((HEIGHT - 8) * (value - low)) / (high - low || 1);
  const line = (values: readonly number[]) =>
    values.map((value, at) => `${x(at).toFixed(1)},${y(value).toFixed(1)}`).join(" ");
  const back = [...curve.low].map((value, at) => [value, at] as const).reverse();
  const band = `${line(curve.high)} ${back.map(([value, at]) => `${x(at).toFixed(1)},${y(value).toFixed(1)}`).join(" ")}`;
  return (
    <figure class="aw-curve">
      <figcaption>{title}</figcaption>
      <svg
        viewBox={`0 0 ${WIDTH} ${HEIGHT}`}
        role="img"
        aria-label={`${title}: from ${formatValue(curve.values[0] ?? 0)} to ${formatValue(curve.values.at(-1) ?? 0)}`}
      >
        <polygon class="aw-curve-band" points={band} />
        <polyline class="aw-curve-mean" points={line(curve.mean)} />
        <polyline class="aw-curve-line" points={line(curve.values)} />
        <text x={2} y={11}>
          {high.toFixed(1).replace("-", "−")}
        </text>
        <text x={2} y={HEIGHT - 4}>
          {low.toFixed(1).replace("-", "−")}
        </text>
      </svg>
    </figure>
  );
}
