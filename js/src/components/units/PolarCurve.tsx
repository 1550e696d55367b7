/** Values by direction as the distance from the middle; what is below zero is in the middle. */
export function PolarCurve({
  angles,
  values,
  size,
  label,
}: {
  /** In degrees, counter-clockwise from the right. */
  angles: readonly number[];
  values: readonly number[];
  size: number;
  label: string;
}) {
  const most = Math.max(...values, 0);
  const radius = size / 2 - 2;
  const at = (angle: number, share: number) => {
    const turn = (angle * Math.PI) / 180;
    const [x, y] = [radius * share * Math.cos(turn), -radius * share * Math.sin(turn)];
    return `${x.toFixed(1)},${y.toFixed(1)}`;
  };
  const points = angles.map((angle, number) =>
    at(angle, most > 0 ? Math.max(values[number] ?? 0, 0) / most : 0),
  );
  const half = size / 2;
  return (
    <svg
      class="aw-polar"
      viewBox={`${-half} ${-half} ${size} ${size}`}
      width={size}
      height={size}
      role="img"
      aria-label={label}
    >
      <circle r={radius} class="aw-polar-ring" />
      <circle r={radius / 2} class="aw-polar-ring" />
      <path d={`M${-radius} 0H${radius}M0 ${-radius}V${radius}`} class="aw-polar-ring" />
      <polygon points={points.join(" ")} class="aw-polar-curve" />
    </svg>
  );
}
