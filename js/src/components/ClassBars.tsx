import type { ComponentChildren } from "preact";
import { clamp } from "../geometry/geometry";
import type { ClassValue } from "../protocol/messages";
import { formatValue } from "../util/numbers";
import { Stretch } from "./Stretch";

/** The largest reach of any interval: the common scale of all bars. */
export function reachOf(values: readonly ClassValue[]): number {
  return Math.max(1e-9, ...values.flatMap((v) => [v.value, v.low ?? 0, v.high ?? 0].map(Math.abs)));
}

/** The value and its interval in words. */
export function describeClass({ label, value, low, high }: ClassValue): string {
  const interval =
    low !== null && high !== null
      ? `${formatValue(low)} to ${formatValue(high)}`
      : "one sample, so no interval";
  return `${label}: ${formatValue(value)} (${interval})`;
}

const isUncertain = ({ low, high }: ClassValue) =>
  low === null || high === null || (low <= 0 && high >= 0);

/** A bar from zero to the value, with the interval as a whisker. */
export function ClassBar({
  item,
  reach,
  diverging,
  tone,
}: {
  item: ClassValue;
  reach: number;
  diverging: boolean;
  /** In place of the colours for and against. */
  tone?: string;
}) {
  const place = (value: number) => {
    const share = clamp(value / reach, -1, 1);
    return diverging ? 0.5 + share / 2 : Math.max(0, share);
  };
  const { low, high } = item;
  return (
    <span class={`aw-bar-track ${isUncertain(item) ? "aw-uncertain" : ""}`} aria-hidden="true">
      <Stretch
        class={`aw-bar ${tone ?? (item.value < 0 ? "aw-against" : "aw-for")}`}
        from={place(0)}
        to={place(item.value)}
      />
      {low !== null && high !== null && (
        <Stretch class="aw-whisker" from={place(low)} to={place(high)} />
      )}
    </span>
  );
}

/**
 * One bar a class, with the interval as a whisker. `diverging` puts zero in the middle, for classes
 * that a cell argues for and against on one scale. `actions` go to the end of each row.
 */
export function ClassBars({
  values,
  reach,
  diverging = false,
  actions,
}: {
  values: readonly ClassValue[];
  reach: number;
  diverging?: boolean;
  actions?: (item: ClassValue) => ComponentChildren;
}) {
  return (
    <ul
      class={`aw-bars ${diverging ? "aw-bars-diverging" : ""} ${actions ? "aw-bars-acting" : ""}`}
    >
      {values.map((item) => (
        <li
          key={item.index}
          class={`aw-bar-row ${isUncertain(item) ? "aw-uncertain" : ""}`}
          title={describeClass(item)}
        >
          <span class="aw-bar-label">{item.label}</span>
          <ClassBar item={item} reach={reach} diverging={diverging} />
          <span class="aw-bar-value">{formatValue(item.value)}</span>
          {actions?.(item)}
        </li>
      ))}
    </ul>
  );
}
