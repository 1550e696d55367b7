import { useSignal } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";
import { clamp } from "../geometry/geometry";
import { combineFor } from "../geometry/selection";
import { MAX_INTEGERS } from "../protocol/shared";
import { classSubject } from "../store/subject";
import { formatCount, formatValue, plural } from "../util/numbers";
import { type FoundClass, findClasses, findNames, nearMatches } from "../util/search";
import { useWidget } from "./context";
import { IconButton } from "./controls/IconButton";
import { Icon } from "./controls/icons";

const SHOWN = 12;

/** Finds cells by classes: they stand out while one types, Enter flies there. */
export function SearchBox() {
  const { store, view, host } = useWidget();
  const query = useSignal("");
  /** The class that the arrow keys have reached; the first one until they are used. */
  const reached = useSignal<number | null>(null);
  const focused = useSignal(false);
  const input = useRef<HTMLInputElement>(null);
  const level = view.level.value;
  const searching = query.value.trim() !== "";
  const matches = useMatches(query.value, level);
  const shown = matches.slice(0, SHOWN);
  const at = Math.max(
    0,
    shown.findIndex((match) => match.class === reached.value),
  );

  const lit = matches.flatMap((match) => match.cells);
  const key = searching ? `${level}|${lit.join()}` : "";
  useEffect(() => {
    view.found.value =
      searching && lit.length > 0 && level !== null ? { grid: level, cells: new Set(lit) } : null;
  }, [key]);

  const flyTo = (match: FoundClass | undefined) => {
    if (!match || level === null || match.cells.length === 0) return;
    // The strongest cells, rather than a view that holds all of a scattered class.
    const strongest = store.strongest.of(match.class)?.cells.slice(0, 12) ?? [];
    const cells = match.won.length > 0 ? match.won : strongest;
    view.navigation.flyToCells(level, cells.length > 0 ? cells : match.cells);
  };
  const select = (match: FoundClass, event: MouseEvent) => {
    if (level === null) return;
    const cells = match.won.length > 0 ? match.won : match.cells;
    if (cells.length > 0) view.selectCells(level, cells, combineFor(event));
  };
  const clear = () => {
    query.value = "";
    reached.value = null;
  };
  return (
    <div class="aw-holder aw-search">
      <Icon name="search" />
      <input
        ref={input}
        class="aw-input"
        type="text"
        role="combobox"
        aria-expanded={searching && focused.value}
        aria-controls="aw-found"
        aria-activedescendant={shown[at] && `aw-found-${shown[at].class}`}
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
          reached.value = null;
        }}
        onKeyDown={(event) => {
          const step = event.key === "ArrowDown" ? 1 : event.key === "ArrowUp" ? -1 : 0;
          if (step !== 0) {
            event.preventDefault();
            const next = clamp(at + step, 0, shown.length - 1);
            reached.value = shown[next]?.class ?? null;
          } else if (event.key === "Enter") {
            flyTo(shown[at]);
          } else if (event.key === "Escape") {
            event.stopPropagation();
            clear();
            host.focus({ preventScroll: true });
          }
        }}
      />
      {searching && (
        <IconButton
          icon="close"
          class="aw-quiet aw-clear"
          title="Clear the search"
          onClick={clear}
        />
      )}
      {searching && focused.value && (
        // What is pressed in the list leaves the focus in the field.
        <div class="aw-popup aw-results" onPointerDown={(event) => event.preventDefault()}>
          <ul id="aw-found" role="listbox" aria-label="Classes found">
            {shown.map((match, index) => (
              <FoundRow
                key={match.class}
                match={match}
                reached={index === at}
                onSelect={(event) => {
                  reached.value = match.class;
                  select(match, event);
                }}
                onAtlas={() => {
                  store.traits.setSubject(classSubject(match.name));
                  clear();
                  host.focus({ preventScroll: true });
                }}
                onColour={() => {
                  store.overlay.value = { kind: "influence", class: match.class };
                }}
              />
            ))}
          </ul>
          {matches.length === 0 ? (
            <NothingFound
              query={query.value}
              onTry={(name) => {
                query.value = name;
              }}
            />
          ) : (
            <SearchNote more={matches.length - shown.length} />
          )}
        </div>
      )}
    </div>
  );
}

/** The classes that match, and the kernel asked where they are strong. */
function useMatches(query: string, level: number | null): FoundClass[] {
  const { store } = useWidget();
  void store.cards.labelVersion.value;
  void store.strongest.version.value;
  const names = store.classes.names.value;
  const matching = findNames(names, query);
  const matches =
    level === null
      ? []
      : findClasses(names, matching, store.cards.winnersOf(level), (index) =>
          store.strongest.of(index),
        );
  const wanted = matching.slice(0, MAX_INTEGERS).map((match) => match.class);
  useEffect(() => {
    if (level !== null) store.strongest.want(level, wanted);
  }, [level, wanted.join(), store.layout.value?.revision]);
  return matches;
}

function FoundRow({
  match,
  reached,
  onSelect,
  onAtlas,
  onColour,
}: {
  match: FoundClass;
  reached: boolean;
  onSelect: (event: MouseEvent) => void;
  onAtlas: () => void;
  onColour: () => void;
}) {
  const { name, won, cells, strongest } = match;
  const where =
    cells.length === 0
      ? "no cell"
      : won.length > 0
        ? `wins ${formatCount(won.length)} of ${plural(cells.length, "cell")}`
        : plural(cells.length, "cell");
  return (
    // biome-ignore lint/a11y/useKeyWithClickEvents: the field takes the keys
    <li
      id={`aw-found-${match.class}`}
      role="option"
      tabIndex={-1}
      aria-selected={reached}
      class={`${reached ? "aw-at" : ""} ${cells.length === 0 ? "aw-unsure" : ""}`}
      title={
        cells.length > 0
          ? "Select what it wins, else what argues for it; Shift adds, Alt removes"
          : "No cell whose classes are known argues for it"
      }
      data-aw-found={match.class}
      onClick={onSelect}
    >
      <span>{name}</span>
      <small>
        {strongest !== null && <strong>{formatValue(strongest)}</strong>} {where}
      </small>
      <IconButton
        icon="colour"
        tabIndex={-1}
        title="Colour the atlas by this class"
        label={`Colour the atlas by ${name}`}
        data-aw-found-colour={match.class}
        onClick={(event) => {
          event.stopPropagation();
          onColour();
        }}
      />
      <IconButton
        icon="samples"
        tabIndex={-1}
        title="An atlas of this class: the samples that argue most for it"
        label={`An atlas of ${name}`}
        data-aw-found-atlas={match.class}
        onClick={(event) => {
          event.stopPropagation();
          onAtlas();
        }}
      />
    </li>
  );
}

function NothingFound({ query, onTry }: { query: string; onTry: (name: string) => void }) {
  const { store } = useWidget();
  const names = store.classes.names.value;
  if (names.length === 0) {
    return <p class="aw-note">{store.classes.inPlace.value}</p>;
  }
  const near = nearMatches(names, query);
  return (
    <p class="aw-note">
      None of {plural(names.length, "class", "classes")} is called so.
      {near.length > 0 && " Near: "}
      {near.map((index, place) => (
        <>
          {place > 0 && ", "}
          <button
            type="button"
            class="aw-link"
            tabIndex={-1}
            data-aw-near={index}
            onClick={() => onTry(names[index])}
          >
            {names[index]}
          </button>
        </>
      ))}
    </p>
  );
}

/** The number of further matches, and of cells whose classes are not known yet. */
function SearchNote({ more }: { more: number }) {
  const { store } = useWidget();
  const { cells, total } = store.strongest.known.value;
  const parts = ["Enter flies there, a click selects."];
  if (more > 0) parts.unshift(`And ${plural(more, "more class", "more classes")}.`);
  if (cells < total) {
    parts.push(`Classes are known of ${formatCount(cells)} of ${plural(total, "cell")} so far.`);
  }
  return <p class="aw-note">{parts.join(" ")}</p>;
}
