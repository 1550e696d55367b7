/** The cosine over the steps, as a small line: has it settled? */
export function Trace({ points, steps }: { points: [number, number][]; steps: number }) {
  const [width, height] = [76, 20];
  const low = Math.min(0, ...points.map(([, cosine]) => cosine));
  const last = points[points.length - 1];
  const x = (step: number) => (step / Math.max(1, steps)) * (width - 4) + 2;
  const y = (cosine: number) => height - 2 - ((cosine - low) / (1 - low)) * (height - 4);
  const line = points.map(([step, cosine]) => `${x(step).toFixed(1)},${y(cosine).toFixed(1)}`);
  return (
    <svg class="aw-trace" viewBox={`0 0 ${width} ${height}`} aria-hidden="true">
      <polyline points={line.join(" ")} />
      <circle cx={x(last[0])} cy={y(last[1])} r="2" />
    </svg>
  );
}
