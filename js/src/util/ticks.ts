/** Round numbers (1, 2 or 5 times a power of ten) from `low` to `high`, at limit about `limit`. */
export function roundTicks(low: number, high: number, limit: number): number[] {
  if (!(high > low)) return [low];
  const rough = (high - low) / limit;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10].map((times) => times * power).find((size) => size >= rough)!;
  const first = Math.ceil(low / step - 1e-9);
  const last = Math.floor(high / step + 1e-9);
  return Array.from({ length: last - first + 1 }, (_, at) =>
    Number(((first + at) * step).toPrecision(12)),
  );
}

/** The same for a scale of ratios: 1, 2, 5, 10, 20 … as many as fit. */
export function ratioTicks(low: number, high: number, limit: number): number[] {
  if (!(low > 0 && high > low)) return [low];
  const from = Math.floor(Math.log10(low));
  const to = Math.ceil(Math.log10(high));
  for (const times of [[1, 2, 5], [1, 3], [1]]) {
    const ticks: number[] = [];
    for (let power = from; power <= to; power++) {
      for (const factor of times) {
        const tick = Number((factor * 10 ** power).toPrecision(12));
        if (tick >= low && tick <= high) ticks.push(tick);
      }
    }
    if (ticks.length <= limit) return ticks;
  }
  return [low, high];
}
