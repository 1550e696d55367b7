import type { ComponentChildren } from "preact";
import { clamp } from "../geometry/geometry";
import type { ClassValue } from "../protocol/messages";
import { formatDecimal, formatValue } from "../util/numbers";
import { useWidget } from "./context";
import { Stretch } from "./Stretch";

/** The share of the usual lead that a full bar stands for at least: what is little looks little. */
const LEAST_REACH = 0.25;

/** The common scale of all bars: the largest reach of any interval, or a share of the usual lead. */
export function reachOf(values: readonly ClassValue[], lead: number | null = null): number {
  const reach = values.flatMap((v) => [v.value, v.low ?? 0, v.high ?? 0].map(Math.abs));
  return Math.max(1e-9, LEAST_REACH * (lead ?? 0), ...reach);
}

/** What the bars are to be compared with, and whether the names are a guess. */
export function BarsNote({ lead }: { lead: number | null }) {
  const { store } = useWidget();
  const assumed = store.classes.assumed.value;
  if (lead === null && !assumed) return null;
  return (
    <p
      class="aw-note"
      data-aw-scale
      title="In logits, the median over images. Full bars stand for a quarter of that, or more."
    >
      {[
        ...(lead === null ? [] : [`A first class usually leads by ${formatDecimal(lead)}`]),
        ...(assumed ? ["ImageNet’s names, assumed"] : []),
      ].join(" · ")}
    </p>
  );
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
