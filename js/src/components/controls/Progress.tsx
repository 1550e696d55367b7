import { clamp } from "../../geometry/geometry";

/**
 * Progress as a thin line; `share` is null while its extent is not known.
 * Words beside it say the same, so that it is named aloud (`label`) only where there are none.
 */
export function Progress({
  share,
  label,
  class: name = "",
}: {
  share: number | null;
  label?: string;
  class?: string;
}) {
  const known = share === null ? undefined : clamp(share, 0, 1);
  const spoken = label && {
    role: "progressbar" as const,
    "aria-label": label,
    "aria-valuemin": 0,
    "aria-valuemax": 100,
    "aria-valuenow": known && Math.round(100 * known),
  };
  return (
    <div
      class={`aw-progress ${known === undefined ? "aw-endless" : ""} ${name}`}
      aria-hidden={!label}
      style={{ "--aw-share": known ?? 0 }}
      {...spoken}
    />
  );
}
