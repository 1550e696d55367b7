import { type Signal, useSignal } from "@preact/signals";
import { useMemo } from "preact/hooks";
import type { Kinds, Places } from "../../compare/comparison";
import type { DotGroup } from "../../compare/dots";
import { colouredByKind, colouredByPlace } from "../../overlays/dot_colours";
import { useDark } from "../dark";

/** What gives samples their colour: the class of their image, or their place on the first map. */
export type Colouring = "kind" | "place";

export interface DotColours {
  groups: readonly DotGroup[];
  colouring: Signal<Colouring>;
}

/** The colours of samples: by class where the images have some, else by place. */
export function useDotColours(kinds: Kinds, first: Places): DotColours {
  const dark = useDark();
  const colouring = useSignal<Colouring>(kinds.names.length > 0 ? "kind" : "place");
  const chosen = colouring.value;
  const groups = useMemo(
    () => (chosen === "kind" ? colouredByKind(kinds, dark) : colouredByPlace(first)),
    [chosen, kinds, first, dark],
  );
  return { groups, colouring };
}
