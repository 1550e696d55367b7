import { IMAGE_VIEW } from "../image/open_image";
import { GESTURES, KEYMAP, namedHere } from "../keyboard/keymap";
import { useWidget } from "./context";
import { Dialog } from "./controls/Dialog";

/** Groups of keys that mean something else, or nothing, while one image is shown. */
const OF_CELLS = new Set(["Cells", "Select"]);

/** The keys of the view of one image, which it acts on itself. */
const IMAGE_KEYS: (readonly [string, string])[] = [
  ["arrows", "the next position of the layer"],
  ["[ ]", "the same place in the layer before, after"],
  ["Enter", "trace the position through the other layers, or end that"],
  ["A", "show the positions on the atlas"],
  ["Shift + click", "add a position to the region, or take it away"],
];

/** All keys, from the table that they act by, and what the pointer does. */
export function Help({ onClose }: { onClose: () => void }) {
  const ofImage = useWidget().view.showing.value === IMAGE_VIEW;
  const groups: [string, (readonly [string, string])[]][] = [
    ...Object.entries(KEYMAP)
      .filter(([group]) => !ofImage || !OF_CELLS.has(group))
      .map(
        ([group, commands]) =>
          [group, commands.map(({ shown, words }) => [shown, words] as const)] as [
            string,
            (readonly [string, string])[],
          ],
      ),
    ...(ofImage ? [["Image", IMAGE_KEYS] satisfies [string, typeof IMAGE_KEYS]] : []),
    ["Mouse and touch", [...GESTURES]],
  ];
  return (
    <Dialog class="aw-help" title="Keys" onClose={onClose}>
      <div class="aw-help-groups">
        {groups.map(([group, lines]) => (
          <section key={group}>
            <h3>{group}</h3>
            <dl>
              {lines.map(([keys, words]) => (
                <div key={keys}>
                  <dt>{namedHere(keys)}</dt>
                  <dd>{words}</dd>
                </div>
              ))}
            </dl>
          </section>
        ))}
      </div>
    </Dialog>
  );
}
