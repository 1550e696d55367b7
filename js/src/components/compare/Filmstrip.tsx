import { useSignal } from "@preact/signals";
import { useMemo, useRef } from "preact/hooks";
import type { Series } from "../../compare/comparison";
import type { Comparisons } from "../../compare/comparisons";
import { boxOfPlaces, filmColumns, samplesNear } from "../../compare/dots";
import { formatDecimal, plural } from "../../util/numbers";
import { useScrollBox } from "../useScrollBox";
import { CompareHead } from "./CompareHead";
import { DotLegend } from "./DotLegend";
import { Dots } from "./Dots";
import { useDotColours } from "./useDotColours";

/** The height of a caption (CSS pixels), as in compare.css. */
const CAPTION = 40;

/** Several maps of the same samples in a row: those under the pointer are marked in all. */
export function Filmstrip({ state, series }: { state: Comparisons; series: Series }) {
  const { maps, kinds, samples, images } = series;
  const marked = useSignal<ReadonlySet<number> | null>(null);
  const colours = useDotColours(kinds, maps[0]);
  const box = useMemo(() => boxOfPlaces(maps), [series]);
  const holder = useRef<HTMLOListElement>(null);
  const columns = filmColumns(maps.length, useScrollBox(holder), box, CAPTION);
  return (
    <>
      <CompareHead state={state}>
        <p class="aw-compare-said">
          {plural(samples, "sample")} of {plural(images, "image")} on {plural(maps.length, "map")},
          each laid out beside the one before
        </p>
      </CompareHead>
      <ol
        ref={holder}
        class="aw-filmstrip"
        style={{ gridTemplateColumns: `repeat(${columns}, minmax(0, 1fr))` }}
      >
        {maps.map((map, at) => (
          <li key={map.name}>
            <figure data-aw-film={at}>
              <figcaption>
                <strong>{map.name}</strong>
                <small>
                  {map.agreement !== null && (
                    <span
                      title={`Neighbours that are the same as in ${maps[at - 1]?.name}, corrected for chance`}
                    >
                      kept {formatDecimal(map.agreement)}
                    </span>
                  )}
                  {map.sameClass !== null && (
                    <span title="Neighbours that are of the same class, corrected for chance">
                      same class {formatDecimal(map.sameClass)}
                    </span>
                  )}
                </small>
              </figcaption>
              <Dots
                places={map}
                groups={colours.groups}
                box={box}
                marked={marked.value}
                label={`Samples on the map of ${map.name}`}
                onPoint={(point, reach) => {
                  const near = point ? samplesNear(map, point, 1.5 * reach) : [];
                  marked.value = near.length > 0 ? new Set(near) : null;
                }}
              />
            </figure>
          </li>
        ))}
      </ol>
      <DotLegend kinds={kinds} colours={colours} first={maps[0].name} />
      {series.notices.length > 0 && <p class="aw-note">{series.notices.join(" ")}</p>}
    </>
  );
}
