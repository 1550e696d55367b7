import { cssOf, divergingRamp } from "../../overlays/colour";
import { useDark } from "../dark";

/** Values in rows and columns, blue and red on either side of zero. */
export function HeatMap({
  values,
  columns,
  reach,
  width,
  height,
  label,
  titleOf,
}: {
  /** Row by row; null where there is none. */
  values: readonly (number | null)[];
  columns: number;
  /** The value at the end of the scale. */
  reach: number;
  width: number;
  height: number;
  label: string;
  titleOf?: (value: number, row: number, column: number) => string;
}) {
  const ramp = divergingRamp(useDark());
  const [across, down] = [width / columns, height / Math.ceil(values.length / columns)];
  return (
    <svg class="aw-heat-map" viewBox={`0 0 ${width} ${height}`} role="img" aria-label={label}>
      {values.map((value, at) => {
        if (value === null) return null;
        const [row, column] = [Math.floor(at / columns), at % columns];
        return (
          <rect
            key={at}
            x={column * across}
            y={row * down}
            width={across + 0.4}
            height={down + 0.4}
            fill={cssOf(ramp.at(0.5 + value / reach / 2))}
          >
            {titleOf && <title>{titleOf(value, row, column)}</title>}
          </rect>
        );
      })}
    </svg>
  );
}
