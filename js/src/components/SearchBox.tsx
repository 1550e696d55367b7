import { useSignal } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";
import { findLabels, type LabelMatch } from "../search";
import { plural } from "../words";
import { useWidget } from "./context";
import { Icon } from "./icons";

/** Finds cells by their class labels: they stand out while one types, Enter flies there. */
export function SearchBox() {
  const { store, view, host } = useWidget();
  const query = useSignal("");
  const at = useSignal(0);
  const focused = useSignal(false);
  const input = useRef<HTMLInputElement>(null);
  void store.cards.labelVersion.value;
  const level = view.level.value;
  const matches = level === null ? [] : findLabels(store.cards.labelsOf(level), query.value);
  const chosen = Math.min(at.value, matches.length - 1);
  const searching = query.value.trim() !== "";

  const key = searching ? `${level}|${matches.map((match) => match.cells.join()).join(";")}` : "";
  useEffect(() => {
    view.found.value =
      matches.length > 0 && level !== null
        ? { grid: level, cells: new Set(matches.flatMap((match) => match.cells)) }
        : null;
  }, [key]);

  const goTo = (match: LabelMatch | undefined) => {
    if (match && level !== null) view.navigation.flyToCells(level, match.cells);
  };
  const clear = () => {
    query.value = "";
    at.value = 0;
  };
  return (
    <div class="aw-holder aw-search">
      <Icon name="search" />
      <input
        ref={input}
        class="aw-input"
        type="text"
        placeholder="Find a class"
        aria-label="Find cells by class"
        data-aw-search
        value={query.value}
        onFocus={() => {
          focused.value = true;
        }}
        onBlur={() => {
          focused.value = false;
        }}
        onInput={(event) => {
          query.value = event.currentTarget.value;
          at.value = 0;
        }}
        onKeyDown={(event) => {
          const step = event.key === "ArrowDown" ? 1 : event.key === "ArrowUp" ? -1 : 0;
          if (step !== 0) {
            event.preventDefault();
            at.value = Math.min(Math.max(chosen + step, 0), matches.length - 1);
          } else if (event.key === "Enter") {
            goTo(matches[chosen]);
          } else if (event.key === "Escape") {
            event.stopPropagation();
            clear();
            host.focus({ preventScroll: true });
          }
        }}
      />
      {searching && (
        <button
          type="button"
          class="aw-button aw-quiet aw-clear"
          aria-label="Clear the search"
          onClick={clear}
        >
          <Icon name="close" />
        </button>
      )}
      {searching && focused.value && (
        <div class="aw-popup aw-results">
          <ul role="listbox" aria-label="Classes found">
            {matches.slice(0, 12).map((match, index) => (
              // biome-ignore lint/a11y/useKeyWithClickEvents: the field takes the keys
              <li
                key={match.label}
                role="option"
                tabIndex={-1}
                aria-selected={index === chosen}
                class={index === chosen ? "aw-at" : ""}
                onPointerDown={(event) => event.preventDefault()}
                onClick={() => {
                  at.value = index;
                  goTo(match);
                }}
              >
                <span>{match.label}</span>
                <small>{plural(match.cells.length, "cell")}</small>
              </li>
            ))}
          </ul>
          {matches.length === 0 && (
            <p class="aw-note">No cell of this grid carries such a label.</p>
          )}
        </div>
      )}
    </div>
  );
}
