import type { Comparison } from "../../compare/comparison";
import { plural } from "../../util/numbers";
import { controlText, headline, interval, SCORES, scoreText } from "./words";

/** The scores of two atlases, each with its interval and what shuffled images give. */
export function ScoresTable({ comparison }: { comparison: Comparison }) {
  const { scores, samples, images } = comparison;
  const listed = scores.filter(({ name }) => name in SCORES);
  return (
    <section class="aw-compare-scores" aria-label="Scores">
      <p>{headline(scores)}</p>
      <table>
        <thead>
          <tr>
            <th scope="col">
              {plural(samples, "sample")}, {plural(images, "image")}
            </th>
            <th scope="col" title="With a 95 % interval by image">
              score
            </th>
            <th scope="col" title="The same where the second layer’s images are permuted">
              shuffled
            </th>
          </tr>
        </thead>
        <tbody>
          {listed.map((score) => (
            <tr key={score.name} title={SCORES[score.name][1]} data-aw-score={score.name}>
              <th scope="row">{SCORES[score.name][0]}</th>
              <td>
                {scoreText(score)} <small>{interval(score.low, score.high)}</small>
              </td>
              <td>{controlText(score)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  );
}
