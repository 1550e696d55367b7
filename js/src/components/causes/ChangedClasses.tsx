import { describeChange, type PatchClasses } from "../../causes/patch";
import { formatShare } from "../../util/numbers";
import { Stretch } from "../Stretch";

/** The strongest classes of an image, without the patch (grey) and with it. */
export function ChangedClasses({ shown, target }: { shown: PatchClasses; target: number | null }) {
  return (
    <>
      <ul class="aw-bars aw-changed" data-aw-changed={shown.classes[0]?.index ?? ""}>
        {shown.classes.map(({ index, name, before, after }) => (
          <li
            key={index}
            class="aw-bar-row"
            title={`${name}: ${formatShare(before)} without the patch, ${formatShare(after)} with it`}
          >
            <span class={`aw-bar-label ${index === target ? "aw-wanted" : ""}`}>{name}</span>
            <span class="aw-bar-track" aria-hidden="true">
              <Stretch class="aw-bar aw-before" from={0} to={before} />
              <Stretch class="aw-bar aw-after" from={0} to={after} />
            </span>
            <span class="aw-bar-value">{formatShare(before)} →</span>
            <span class="aw-bar-value aw-now">{formatShare(after)}</span>
          </li>
        ))}
      </ul>
      <p class="aw-note" aria-live="polite" data-aw-change>
        {describeChange(shown)}
      </p>
    </>
  );
}
