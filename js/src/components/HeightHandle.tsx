import { useSignal } from "@preact/signals";
import { clamp } from "../geometry/geometry";

const MIN_HEIGHT = 320;
const STEP = 40;

/** The lower border of the widget, to be dragged or moved with the arrow keys. */
export function HeightHandle({
  height,
  onDrag,
  onEnd,
}: {
  height: number;
  onDrag: (height: number) => void;
  onEnd: (height: number) => void;
}) {
  const grip = useSignal<{ from: number; y: number } | null>(null);
  const kept = (wanted: number) =>
    Math.round(clamp(wanted, MIN_HEIGHT, Math.max(MIN_HEIGHT, window.innerHeight)));
  const end = (event: PointerEvent) => {
    const { value } = grip;
    grip.value = null;
    if (value) onEnd(kept(value.from + event.clientY - value.y));
  };
  return (
    <div
      class="aw-height"
      role="separator"
      aria-orientation="horizontal"
      aria-label="Height of the widget"
      aria-valuenow={height}
      aria-valuemin={MIN_HEIGHT}
      tabIndex={0}
      data-aw-height
      onPointerDown={(event) => {
        if (event.button !== 0) return;
        event.preventDefault();
        event.currentTarget.setPointerCapture(event.pointerId);
        grip.value = { from: kept(height), y: event.clientY };
      }}
      onPointerMove={(event) => {
        const { value } = grip;
        if (value) onDrag(kept(value.from + event.clientY - value.y));
      }}
      onPointerUp={end}
      onPointerCancel={end}
      onKeyDown={(event) => {
        const step = event.key === "ArrowDown" ? STEP : event.key === "ArrowUp" ? -STEP : 0;
        if (step === 0) return;
        event.preventDefault();
        onEnd(kept(height + step));
      }}
    />
  );
}
