import { useSignal } from "@preact/signals";
import type { ComponentChildren } from "preact";
import { useEffect, useId, useLayoutEffect, useRef } from "preact/hooks";
import { clamp } from "../../geometry/geometry";
import { capitalized } from "../../util/numbers";

/** A field, and below it the list of what matches; the field has the keys of both. */
export function SearchList<Item>({
  name,
  placeholder,
  match,
  begin = 0,
  isChosen,
  keyOf,
  row,
  nothing,
  onChoose,
  footer,
  ...rest
}: {
  /** The kind of items, in a word: “classes”. */
  name: string;
  placeholder: string;
  match: (query: string) => readonly Item[];
  /** The place in the list that the arrow keys start from. */
  begin?: number;
  isChosen: (item: Item) => boolean;
  keyOf: (item: Item) => string | number;
  row: (item: Item) => ComponentChildren;
  /** The text where nothing matches. */
  nothing: (query: string) => ComponentChildren;
  onChoose: (item: Item) => void;
  /** Below the list. */
  footer?: ComponentChildren;
  "data-aw-class-search"?: boolean;
}) {
  const query = useSignal("");
  const reached = useSignal(begin);
  const input = useRef<HTMLInputElement>(null);
  const list = useRef<HTMLUListElement>(null);
  const id = useId();
  const matches = match(query.value);
  const at = Math.min(reached.value, matches.length - 1);

  useLayoutEffect(() => input.current?.focus({ preventScroll: true }), []);
  useEffect(() => {
    const item = list.current?.children[at] as HTMLElement | undefined;
    if (!item || !list.current) return;
    // Not scrollIntoView, which would scroll the notebook as well.
    const { offsetTop, offsetHeight } = item;
    const { scrollTop, clientHeight } = list.current;
    if (offsetTop < scrollTop) list.current.scrollTop = offsetTop;
    else if (offsetTop + offsetHeight > scrollTop + clientHeight) {
      list.current.scrollTop = offsetTop + offsetHeight - clientHeight;
    }
  }, [at, query.value]);

  return (
    <div class="aw-search-list">
      <input
        ref={input}
        class="aw-input"
        type="text"
        role="combobox"
        aria-expanded="true"
        aria-controls={id}
        aria-activedescendant={at >= 0 ? `${id}-${at}` : undefined}
        aria-label={`Search the ${name}`}
        placeholder={placeholder}
        value={query.value}
        onInput={(event) => {
          query.value = event.currentTarget.value;
          reached.value = 0;
        }}
        onKeyDown={(event) => {
          const step = event.key === "ArrowDown" ? 1 : event.key === "ArrowUp" ? -1 : 0;
          if (step === 0 && event.key !== "Enter") return;
          // Enter would press the button, too, which gets the focus back.
          event.preventDefault();
          event.stopPropagation();
          if (step !== 0) reached.value = clamp(at + step, 0, matches.length - 1);
          else if (at >= 0) onChoose(matches[at]);
        }}
        {...rest}
      />
      <ul ref={list} id={id} role="listbox" aria-label={capitalized(name)}>
        {matches.map((item, place) => (
          // biome-ignore lint/a11y/useKeyWithClickEvents: the field above takes the keys
          <li
            key={keyOf(item)}
            id={`${id}-${place}`}
            role="option"
            tabIndex={-1}
            aria-selected={isChosen(item)}
            class={place === at ? "aw-at" : ""}
            onClick={() => onChoose(item)}
          >
            {row(item)}
          </li>
        ))}
      </ul>
      {matches.length === 0 && <p class="aw-note">{nothing(query.value)}</p>}
      {footer}
    </div>
  );
}
