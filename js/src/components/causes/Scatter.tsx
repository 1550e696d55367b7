import { type CausalTest, describeNumbers, rangeOf, ticksOf } from "../../causes/causal_test";
import { formatPlain } from "../../util/numbers";

const SIDE = 300;
const LEFT = 34;
const BOTTOM = 30;
const TOP = 6;
const RIGHT = 6;

/** Actual against predicted change of each logit, a point for each crop and class. */
export function Scatter({ test }: { test: CausalTest }) {
  const range = rangeOf(test.points);
  const span = range.high - range.low;
  const x = (value: number) => LEFT + ((value - range.low) / span) * (SIDE - LEFT - RIGHT);
  const y = (value: number) => SIDE - BOTTOM - ((value - range.low) / span) * (SIDE - BOTTOM - TOP);
  const ticks = ticksOf(range);
  const [low, high] = [range.low, range.high];
  return (
    <figure class="aw-scatter">
      <svg
        viewBox={`0 0 ${SIDE} ${SIDE}`}
        role="img"
        aria-label={`Actual against predicted change of the logits: ${describeNumbers(test)}`}
        data-aw-scatter={test.points.length}
      >
        {ticks.map((tick) => (
          <g key={tick} class={tick === 0 ? "aw-zero" : "aw-tick"}>
            <line x1={x(tick)} x2={x(tick)} y1={y(low)} y2={y(high)} />
            <line x1={x(low)} x2={x(high)} y1={y(tick)} y2={y(tick)} />
            <text x={x(tick)} y={SIDE - BOTTOM + 12} text-anchor="middle">
              {formatPlain(Number(tick.toPrecision(6)))}
            </text>
            <text x={LEFT - 4} y={y(tick) + 3} text-anchor="end">
              {formatPlain(Number(tick.toPrecision(6)))}
            </text>
          </g>
        ))}
        <line class="aw-equal" x1={x(low)} y1={y(low)} x2={x(high)} y2={y(high)} />
        {test.points.map(({ score, predicted, actual }, at) => (
          <circle
            key={at}
            class={`aw-series-${score % 8}`}
            cx={x(predicted)}
            cy={y(actual)}
            r="2.6"
          />
        ))}
        <text class="aw-axis" x={(LEFT + SIDE) / 2} y={SIDE - 4} text-anchor="middle">
          predicted change of the logit
        </text>
        <text
          class="aw-axis"
          transform={`translate(9 ${(SIDE - BOTTOM) / 2}) rotate(-90)`}
          text-anchor="middle"
        >
          actual change
        </text>
      </svg>
      <ul class="aw-scatter-legend">
        {test.names.map((name, score) => (
          <li key={name}>
            <span class={`aw-series-dot aw-series-${score % 8}`} />
            {name}
          </li>
        ))}
        <li class="aw-scatter-equal">line: exactly as predicted</li>
      </ul>
    </figure>
  );
}
