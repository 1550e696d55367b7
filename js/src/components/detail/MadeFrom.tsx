import type { Inspection } from "../../store/inspections";

/** What a live picture is made from; nothing before its first frame. */
export function MadeFrom({ inspection }: { inspection: Inspection | null }) {
  if (!inspection?.made) return null;
  return (
    <p class="aw-detail-state" data-aw-made-live>
      Made from: {inspection.made}
    </p>
  );
}
