import { useEffect, useRef } from "preact/hooks";
import { namedHere } from "../keyboard/keymap";
import { rove } from "../keyboard/roving";
import { useWidget } from "./context";
import { IconButton } from "./controls/IconButton";
import type { IconName } from "./controls/icons";

/** The buttons at the side of the stage: nearer, further, home; back and forward. */
export function Rail() {
  const { view } = useWidget();
  const element = useRef<HTMLDivElement>(null);
  useEffect(() => rove(element.current!, "both"), []);
  const { navigation, viewpoints } = view;
  const ground = view.grid !== null;
  const groups: [icon: IconName, words: string, keys: string, can: boolean, act: () => void][][] = [
    [
      ["plus", "Zoom in", "+", ground, () => navigation.zoomBy(1.7)],
      ["minus", "Zoom out", "−", ground, () => navigation.zoomBy(1 / 1.7)],
      ["home", "The whole atlas", "0", ground, () => navigation.home()],
    ],
    [
      ["back", "Back", "[", viewpoints.hasEarlier.value, () => viewpoints.go(-1)],
      ["forward", "Forward", "]", viewpoints.hasLater.value, () => viewpoints.go(1)],
    ],
  ];
  return (
    <div ref={element} class="aw-rail" role="toolbar" aria-label="Move" aria-orientation="vertical">
      {groups.map((group) => (
        <div key={group[0][0]} class="aw-group aw-zoom">
          {group.map(([icon, words, keys, can, act]) => (
            <IconButton
              key={icon}
              icon={icon}
              class=""
              title={`${words} (${namedHere(keys)})`}
              label={words}
              disabled={!can}
              data-aw-zoom={icon}
              onClick={act}
            />
          ))}
        </div>
      ))}
    </div>
  );
}
