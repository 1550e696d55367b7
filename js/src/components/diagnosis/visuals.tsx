import { clamp } from "../../geometry/geometry";
import { percent, Stretch } from "../Stretch";

/** One value on a scale, and where those of the other cells are. */
export function Gauge({
  value,
  range: [low, high],
  usual,
  mark,
  ends,
}: {
  value: number | null;
  range: readonly [number, number];
  /** The middle four fifths of all cells, and their median. */
  usual: readonly [number, number, number] | null;
  /** A value that means something. */
  mark?: number;
  ends: readonly [string, string];
}) {
  const at = (number: number) => clamp((number - low) / (high - low), 0, 1);
  return (
    <div class="aw-gauge" aria-hidden="true">
      <div class="aw-gauge-track">
        {usual && <Stretch class="aw-usual" from={at(usual[0])} to={at(usual[2])} />}
        {usual && <span class="aw-gauge-median" style={{ left: percent(at(usual[1])) }} />}
        {mark !== undefined && <span class="aw-gauge-mark" style={{ left: percent(at(mark)) }} />}
        {value !== null && <span class="aw-gauge-value" style={{ left: percent(at(value)) }} />}
      </div>
      <div class="aw-gauge-ends">
        <small>{ends[0]}</small>
        <small>{ends[1]}</small>
      </div>
    </div>
  );
}

/** A histogram of the samples along the direction in which they differ most. */
export function Spread({ counts }: { counts: readonly number[] }) {
  if (counts.length === 0) return null;
  const most = Math.max(...counts);
  return (
    <div
      class="aw-spread"
      role="img"
      aria-label={`Samples along the direction in which they differ most: ${counts.join(", ")}`}
      title="How many samples lie where along the direction in which they differ most"
    >
      {counts.map((count, at) => (
        <span key={at} style={{ height: percent(count / most) }} />
      ))}
    </div>
  );
}

/** The share of a sample's neighbours that are its neighbours on the map. */
export function Neighbours({ share, count }: { share: number; count: number }) {
  return (
    <div class="aw-neighbours" aria-hidden="true">
      {Array.from({ length: count }, (_, at) => (
        <span key={at} style={{ "--aw-share": clamp(share * count - at, 0, 1) }} />
      ))}
    </div>
  );
}
