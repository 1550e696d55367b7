import { useSignal } from "@preact/signals";
import { useEffect, useLayoutEffect, useRef } from "preact/hooks";
import { nearMatches, rankMatches } from "../search";
import { useWidget } from "./context";

const MOST = 200;

/** The model's classes, to be searched by name. */
export function ClassPicker({
  chosen,
  onChoose,
}: {
  chosen: number | null;
  onChoose: (index: number) => void;
}) {
  const { store } = useWidget();
  const query = useSignal("");
  const at = useSignal(0);
  const input = useRef<HTMLInputElement>(null);
  const list = useRef<HTMLUListElement>(null);
  const names = store.classes.names.value;
  const indices = names.map((_, index) => index);
  const matches = rankMatches(indices, query.value, (index) => names[index]).slice(0, MOST);
  const current = Math.min(at.value, matches.length - 1);

  useLayoutEffect(() => input.current?.focus({ preventScroll: true }), []);
  useEffect(() => {
    const item = list.current?.children[current] as HTMLElement | undefined;
    if (!item || !list.current) return;
    // Not scrollIntoView, which would scroll the notebook as well.
    const { offsetTop, offsetHeight } = item;
    const { scrollTop, clientHeight } = list.current;
    if (offsetTop < scrollTop) list.current.scrollTop = offsetTop;
    else if (offsetTop + offsetHeight > scrollTop + clientHeight) {
      list.current.scrollTop = offsetTop + offsetHeight - clientHeight;
    }
  }, [current, query.value]);

  if (names.length === 0) {
    return <p class="aw-note">{store.classes.reason.value || "The classes are not known yet."}</p>;
  }
  const near = matches.length === 0 ? nearMatches(names, query.value) : [];
  return (
    <div class="aw-class-picker">
      <input
        ref={input}
        class="aw-input"
        type="text"
        role="combobox"
        aria-expanded="true"
        aria-controls="aw-classes"
        aria-label="Search the classes"
        placeholder={`Search ${names.length.toLocaleString("en-US")} classes`}
        data-aw-class-search
        value={query.value}
        onInput={(event) => {
          query.value = event.currentTarget.value;
          at.value = 0;
        }}
        onKeyDown={(event) => {
          const step = event.key === "ArrowDown" ? 1 : event.key === "ArrowUp" ? -1 : 0;
          if (step !== 0) {
            event.preventDefault();
            event.stopPropagation();
            at.value = Math.min(Math.max(current + step, 0), matches.length - 1);
          } else if (event.key === "Enter" && matches[current] !== undefined) {
            onChoose(matches[current]);
          }
        }}
      />
      <ul ref={list} id="aw-classes" role="listbox" aria-label="Classes">
        {matches.map((index, place) => (
          // biome-ignore lint/a11y/useKeyWithClickEvents: the field above takes the keys
          <li
            key={index}
            role="option"
            tabIndex={-1}
            aria-selected={index === chosen}
            class={place === current ? "aw-at" : ""}
            data-aw-class={index}
            onClick={() => onChoose(index)}
          >
            <span>{names[index]}</span>
          </li>
        ))}
      </ul>
      {matches.length === 0 && (
        <p class="aw-note">
          No class is called so.
          {near.length > 0 && ` Near: ${near.map((index) => names[index]).join(", ")}.`}
        </p>
      )}
    </div>
  );
}
