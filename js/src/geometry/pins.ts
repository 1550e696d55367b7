/** Positions of a photo that fall into one cell of a grid. */
export interface Pin {
  cell: number;
  /** The middle of their places. */
  x: number;
  y: number;
  /** Which of the positions, the one most like a sample first. */
  positions: number[];
}

/** The positions by the cells of a grid into which they fall. */
export function pinsOf(
  positions: readonly { x: number; y: number; cosine: number }[],
  grid: number,
): Pin[] {
  const inCell = new Map<number, number[]>();
  const along = (value: number) => Math.min(grid - 1, Math.max(0, Math.floor(value * grid)));
  positions.forEach(({ x, y }, at) => {
    const cell = along(y) * grid + along(x);
    inCell.set(cell, [...(inCell.get(cell) ?? []), at]);
  });
  return [...inCell].map(([cell, own]) => {
    const mean = (axis: "x" | "y") =>
      own.reduce((sum, at) => sum + positions[at][axis], 0) / own.length;
    const sorted = own.sort((a, b) => positions[b].cosine - positions[a].cosine);
    return { cell, x: mean("x"), y: mean("y"), positions: sorted };
  });
}
