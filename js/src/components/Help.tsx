import { GESTURES, KEYMAP, namedHere, PHOTO_GESTURES } from "../keyboard/keymap";
import { useWidget } from "./context";
import { Dialog } from "./controls/Dialog";

/** All keys, from the table that they act by, and what the pointer does. */
export function Help({ onClose }: { onClose: () => void }) {
  const { store } = useWidget();
  const gestures = store.can("photo") ? [...GESTURES, ...PHOTO_GESTURES] : GESTURES;
  const groups: [string, (readonly [string, string])[]][] = [
    ...Object.entries(KEYMAP).map(
      ([group, commands]) =>
        [group, commands.map(({ shown, words }) => [shown, words] as const)] as [
          string,
          (readonly [string, string])[],
        ],
    ),
    ["Mouse and touch", [...gestures]],
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
