import { measures, ticksOf } from "../geometry/axes";
import { formatDecimal, formatValue } from "../util/numbers";
import { useWidget } from "./context";

/** The axis x, above the view; the ticks move with the camera. */
export function AcrossAxis() {
  const { store, view } = useWidget();
  const { x, k } = view.camera.value;
  const { width } = view.size.value;
  const axis = store.layout.value?.axes[0];
  if (!axis) return null;
  const ticks = ticksOf(axis, x, k, width);
  const reach = measures(axis) ? Math.max(Math.abs(axis.low), Math.abs(axis.high)) : 0;
  return (
    <div class="aw-axis aw-across" data-aw-axis="across">
      <div class="aw-axis-ends">
        <span>
          <i aria-hidden="true">←</i> {axis.low_label}
        </span>
        <small title="Activation · gradient: what the samples add to either logit, to first order">
          {axis.label}
          {reach > 0 && `; what is beyond ±${formatDecimal(reach)} is at the edge`}
        </small>
        <span>
          {axis.high_label} <i aria-hidden="true">→</i>
        </span>
      </div>
      <ol class="aw-axis-ticks">
        {ticks.map(({ value, at }) => (
          <li
            key={value}
            class={value === 0 ? "aw-zero" : ""}
            style={{ transform: `translateX(${at.toFixed(1)}px)` }}
          >
            <span>{value === 0 ? "0" : formatValue(value)}</span>
          </li>
        ))}
      </ol>
    </div>
  );
}

/** The axis y, along the left edge. */
export function DownAxis() {
  const axis = useWidget().store.layout.value?.axes[1];
  if (!axis) return null;
  return (
    <div class="aw-axis aw-down" data-aw-axis="down">
      <i aria-hidden="true">←</i>
      <small>{axis.label}</small>
      <i aria-hidden="true">→</i>
    </div>
  );
}
