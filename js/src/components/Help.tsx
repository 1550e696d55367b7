import { GESTURES, KEYMAP, namedHere } from "../keyboard/keymap";
import { CloseButton } from "./controls/IconButton";

/** All keys, from the table that they act by, and what the pointer does. */
export function Help({ onClose }: { onClose: () => void }) {
  const groups: [string, (readonly [string, string])[]][] = [
    ...Object.entries(KEYMAP).map(
      ([group, commands]) =>
        [group, commands.map(({ shown, words }) => [shown, words] as const)] as [
          string,
          (readonly [string, string])[],
        ],
    ),
    ["Mouse and touch", [...GESTURES]],
  ];
  return (
    <div class="aw-help" role="dialog" aria-modal="false" aria-label="Keys">
      <div class="aw-help-head">
        <h2>Keys</h2>
        <CloseButton focused onClose={onClose} />
      </div>
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
    </div>
  );
}
