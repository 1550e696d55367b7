import { UNMATCHED } from "../../overlays/agreement";
import { MAKO } from "../../overlays/colour";
import { formatDecimal } from "../../util/numbers";

/** What the colours mean that show where two maps differ. */
export function AgreementLegend({ top }: { top: number }) {
  return (
    <p class="aw-compare-legend" data-aw-agreement-legend>
      <span>Neighbours kept:</span>
      <span class="aw-compare-scale">
        0
        <i style={{ background: MAKO.gradient }} />
        {formatDecimal(top, 1)}
        {top < 1 && " and more"}
      </span>
      <span>
        <i class="aw-compare-framed" /> {UNMATCHED.a} (first map) or {UNMATCHED.b} (second): no cell
        of the other map has more of its samples than chance
      </span>
    </p>
  );
}
