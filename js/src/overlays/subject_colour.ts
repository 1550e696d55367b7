import { effect, type Signal, untracked } from "@preact/signals";
import type { OverlayChoice } from "../store/overlay_choice";
import type { Subject } from "../store/subject";

/** The tint's share in the atlas of a class: it is the pictures one came for. */
const GENTLE = 0.4;

/** The part of a view that this needs. */
export interface Coloured {
  /** The subject of the atlas on show; null before there is one. Tracked. */
  subject(): Subject | null;
  readonly names: { peek(): readonly string[] };
  readonly overlay: Signal<OverlayChoice>;
  readonly intensity: Signal<number>;
}

/**
 * The atlas of a class comes up coloured by what its cells argue for, gently, and the colour goes
 * with it; unless the user has chosen what lies over the pictures. What is returned ends it.
 */
export function colourBySubject({ subject, names, overlay, intensity }: Coloured): () => void {
  let before: Subject | null = null;
  let put: { of: number; intensity: number } | null = null;
  return effect(() => {
    const now = subject();
    if (now === null || now === before) return;
    const first = before === null;
    before = now;
    untracked(() => {
      const choice = overlay.peek();
      if (put && choice.kind === "influence" && choice.class === put.of) {
        overlay.value = { kind: "pictures" };
        intensity.value = put.intensity;
      }
      put = null;
      const [kind, name] = now;
      const of = names.peek().indexOf(name);
      // A page that was reloaded shows what was there before.
      if (first || of < 0 || (kind !== "class" && kind !== "winning")) return;
      if (overlay.peek().kind !== "pictures") return;
      put = { of, intensity: intensity.peek() };
      overlay.value = { kind: "influence", class: of };
      intensity.value = GENTLE;
    });
  });
}
