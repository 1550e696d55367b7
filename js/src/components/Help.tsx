import { useEffect, useRef } from "preact/hooks";
import { GESTURES, KEYMAP, namedHere } from "../keyboard/keymap";
import { Icon } from "./icons";

/** All keys, from the table that they act by, and what the pointer does. */
export function Help({ onClose }: { onClose: () => void }) {
  const close = useRef<HTMLButtonElement>(null);
  useEffect(() => close.current?.focus({ preventScroll: true }), []);
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
        <button
          ref={close}
          type="button"
          class="aw-button aw-quiet"
          aria-label="Close"
          onClick={onClose}
        >
          <Icon name="close" />
        </button>
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
