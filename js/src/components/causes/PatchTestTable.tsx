import { describePatchTest, type PatchTest } from "../../causes/patch_test";
import { formatPercent, plural } from "../../util/numbers";
import { Stretch } from "../Stretch";

const PROTOCOLS: Record<string, string> = {
  corner: "One corner for all",
  "best corner": "Best corner for each",
};
const CONDITIONS: Record<string, string> = {
  patch: "this patch",
  noise: "noise",
  "random cells": "random cells",
};

/** The share of images that a patch and its controls flip, with intervals. */
export function PatchTestTable({ test }: { test: PatchTest }) {
  return (
    <div class="aw-patch-test" data-aw-patch-tested={test.images}>
      <h3>
        Became “{test.name}” <small>of {plural(test.images, "image")}; 95 % interval</small>
      </h3>
      {test.protocols.map(({ protocol, outcomes }) => (
        <section key={protocol}>
          <h4>{PROTOCOLS[protocol] ?? protocol}</h4>
          <ul class="aw-bars">
            {outcomes.map(({ condition, flips, count, low, high }) => (
              <li key={condition} class="aw-bar-row">
                <span class="aw-bar-label">{CONDITIONS[condition] ?? condition}</span>
                <span class="aw-bar-track" aria-hidden="true">
                  <Stretch
                    class={`aw-bar ${condition === "patch" ? "aw-for" : "aw-before"}`}
                    from={0}
                    to={count > 0 ? flips / count : 0}
                  />
                  <Stretch class="aw-whisker" from={low} to={high} />
                </span>
                <span class="aw-bar-value">
                  {flips} of {count} ({Math.round(100 * low)}–{formatPercent(high)})
                </span>
              </li>
            ))}
          </ul>
        </section>
      ))}
      <p data-aw-verdict={String(test.confirmed)}>{describePatchTest(test)}</p>
      {test.leftOut.length > 0 && <p class="aw-note">Left out: {test.leftOut.join(", ")}.</p>}
    </div>
  );
}
