import type { ClassValue } from "../messages";
import { formatValue } from "../words";

/** The largest reach of any interval: the common scale of all bars. */
export function reachOf(values: readonly ClassValue[]): number {
  return Math.max(1e-9, ...values.flatMap((v) => [v.value, v.low ?? 0, v.high ?? 0].map(Math.abs)));
}

const percent = (value: number) => `${(100 * value).toFixed(2)}%`;

/**
 * One bar a class, with the interval as a whisker. `diverging` puts zero in the middle, for classes
 * that a cell argues for and against on one scale.
 */
export function ClassBars({
  values,
  reach,
  diverging = false,
}: {
  values: readonly ClassValue[];
  reach: number;
  diverging?: boolean;
}) {
  const place = (value: number) => {
    const share = Math.min(Math.max(value / reach, -1), 1);
    return diverging ? 0.5 + share / 2 : Math.max(0, share);
  };
  const zero = diverging ? 0.5 : 0;
  return (
    <ul class={`aw-bars ${diverging ? "aw-bars-diverging" : ""}`}>
      {values.map((item) => {
        const at = place(item.value);
        const { low, high } = item;
        const known = low !== null && high !== null;
        const uncertain = !known || (low <= 0 && high >= 0);
        const interval = known
          ? `${formatValue(low)} to ${formatValue(high)}`
          : "one sample, so no interval";
        return (
          <li
            key={item.label}
            class={`aw-bar-row ${uncertain ? "aw-uncertain" : ""}`}
            title={`${item.label}: ${formatValue(item.value)} (${interval})`}
          >
            <span class="aw-bar-label">{item.label}</span>
            <span class="aw-bar-track" aria-hidden="true">
              <span
                class={`aw-bar ${item.value < 0 ? "aw-against" : "aw-for"}`}
                style={{ left: percent(Math.min(at, zero)), width: percent(Math.abs(at - zero)) }}
              />
              {known && (
                <span
                  class="aw-whisker"
                  style={{
                    left: percent(place(low)),
                    width: percent(Math.max(0, place(high) - place(low))),
                  }}
                />
              )}
            </span>
            <span class="aw-bar-value">{formatValue(item.value)}</span>
          </li>
        );
      })}
    </ul>
  );
}
