import type { Remainders } from "../../image/answers";
import { formatValue } from "../../util/numbers";

/** What is shown as 0 need not be. */
const NOTHING = 0.0005;

/** What is left over of a score, and the score that all rows add up to. */
export function SumRows({
  first,
  remainders,
  score,
}: {
  /** The rows of what this table leaves out. */
  first: readonly (readonly [words: string, value: number, title: string])[];
  remainders: Remainders;
  score: number;
}) {
  const { prefixTokens, biases, rest } = remainders;
  const rows = [
    ...first,
    [
      "prefix tokens",
      prefixTokens,
      "Through tokens that are at no position, such as the class token",
    ],
    [
      "biases",
      biases,
      "From biases of the layers after this one, which argue whatever the image is",
    ],
    ["rest", rest, "Not explained: the layers after this one are not linear"],
  ] as const;
  return (
    <dl class="aw-sum-rows">
      {rows
        .filter(
          ([words, value], at) =>
            at < first.length || Math.abs(value) >= NOTHING || words === "biases",
        )
        .map(([words, value, title]) => (
          <div key={words} title={title}>
            <dt>{words}</dt>
            <dd>{formatValue(value)}</dd>
          </div>
        ))}
      <div class="aw-sum">
        <dt>= sum</dt>
        <dd>{formatValue(score)}</dd>
      </div>
    </dl>
  );
}
