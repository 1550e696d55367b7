import type { Opened } from "../../image/answers";
import type { OpenImage } from "../../image/open_image";
import { ContributionRows } from "./ContributionRows";
import { SumRows } from "./SumRows";

/** The channels of the chosen layer that argue most for and against the chosen class. */
export function AttributionTable({ state, opened }: { state: OpenImage; opened: Opened }) {
  const layer = state.looking.layer.value;
  const map = opened.layers[layer];
  const found = state.attribution.value;
  const own = found?.layers[layer];
  const problem = state.failures.value.get("image_attribution");
  if (problem) return <p class="aw-note aw-task-failed">{problem}</p>;
  if (!map || !found || !own) return <p class="aw-note">Attributing…</p>;
  return (
    <section class="aw-image-block" data-aw-attribution={`${found.a}:${found.b}`}>
      <h3>
        Channels of {map.name} <small>for {found.about}</small>
      </h3>
      <ContributionRows state={state} map={map} layer={layer} of={own.channels} />
      <SumRows
        first={[
          [
            `${map.channels - own.channels.length} other channels`,
            own.others,
            "All channels that are not listed",
          ],
        ]}
        remainders={own}
        score={found.score}
      />
      {!own.closed && (
        <p class="aw-note">
          The layers after this one are not linear: “rest” is what activation × gradient does not
          explain.
        </p>
      )}
    </section>
  );
}
