import type { Kinds } from "../../compare/comparison";
import { cssOf, KIND_COLOURS } from "../../overlays/colour";
import { Choice } from "../controls/Choice";
import type { DotColours } from "./useDotColours";

const WAYS = [
  ["kind", "Class", "Samples have the colour of their image’s class"],
  ["place", "Place", "Samples have the colour of their place on the first map"],
] as const;

/** What the colours of the dots mean. */
export function DotLegend({
  kinds,
  colours,
  first,
}: {
  kinds: Kinds;
  colours: DotColours;
  /** The name of the first map. */
  first: string;
}) {
  const { colouring } = colours;
  return (
    <div class="aw-compare-legend">
      {kinds.names.length > 0 && (
        <Choice
          label="What colours the samples"
          value={colouring.value}
          options={WAYS}
          onChoose={(way) => {
            colouring.value = way;
          }}
        />
      )}
      {colouring.value === "kind" ? (
        kinds.names.map((name, kind) => (
          <span key={name}>
            <i class="aw-compare-dot" style={{ background: cssOf(KIND_COLOURS[kind]) }} /> {name}
          </span>
        ))
      ) : (
        <span>Each sample has the colour of its place on the map of {first}.</span>
      )}
    </div>
  );
}
