/** What the kernel answers to a causal test. */
export const TEST = {
  kind: "causal_test" as const,
  request: 1,
  what: "direction removed at one position",
  pictures: 2,
  names: ["cat", "cup"],
  predicted: [-1, 0.2, -3, 0.4],
  actual: [-0.8, 0.1, -2.2, 0.1],
  correlation: 0.97,
  low: 0.9,
  high: 0.99,
  slope: 0.75,
};
