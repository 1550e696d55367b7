import { useSignal } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";
import { clamp } from "../geometry/geometry";
import { combineFor } from "../geometry/selection";
import { MAX_INTEGERS } from "../protocol/shared";
import { classSubject } from "../store/subject";
import { type FoundKind, findKinds, gatherKind, isByKind, matchesByKind } from "../util/kinds";
import { formatCount, formatValue, plural } from "../util/numbers";
import { type FoundClass, findClasses, findNames, nearMatches } from "../util/search";
import { useWidget } from "./context";
import { IconButton } from "./controls/IconButton";
import { Icon } from "./controls/icons";

const SHOWN = 12;

/** Finds cells by classes and kinds: they stand out while one types, Enter flies there. */
export function SearchBox() {
  const { store, view, host } = useWidget();
  const query = useSignal("");
  /** What the arrow keys have reached; the first one until they are used. */
  const reached = useSignal<string | null>(null);
  const focused = useSignal(false);
  const input = useRef<HTMLInputElement>(null);
  const level = view.level.value;
  const searching = query.value.trim() !== "";
  const { matches, kinds } = useMatches(query.value, level);
  const shown = [...kinds, ...matches].slice(0, SHOWN);
  const at = Math.max(
    0,
    shown.findIndex((found) => idOf(found) === reached.value),
  );

  const lit = (kinds.length > 0 ? kinds : matches).flatMap((found) => found.cells);
  const key = searching ? `${level}|${lit.join()}` : "";
  useEffect(() => {
    view.found.value =
      searching && lit.length > 0 && level !== null ? { grid: level, cells: new Set(lit) } : null;
  }, [key]);

  const flyTo = (found: Found | undefined) => {
    if (!found || level === null || found.cells.length === 0) return;
    // The strongest cells, rather than a view that holds all of a scattered class.
    const strongest = isKind(found)
      ? []
      : (store.strongest.of(found.class)?.cells.slice(0, 12) ?? []);
    const cells = found.won.length > 0 ? found.won : strongest;
    view.navigation.flyToCells(level, cells.length > 0 ? cells : found.cells);
  };
  const select = (found: Found, event: MouseEvent) => {
    if (level === null) return;
    const cells = found.won.length > 0 ? found.won : found.cells;
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
        aria-activedescendant={shown[at] && idOf(shown[at])}
        placeholder="Find a class or kind"
        aria-label="Find cells by class, or by what classes are kinds of"
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
            reached.value = shown[next] ? idOf(shown[next]) : null;
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
            {shown.map((found, index) => {
              const onSelect = (event: MouseEvent) => {
                reached.value = idOf(found);
                select(found, event);
              };
              if (isKind(found)) {
                return (
                  <KindRow
                    key={idOf(found)}
                    kind={found}
                    reached={index === at}
                    onSelect={onSelect}
                  />
                );
              }
              return (
                <FoundRow
                  key={idOf(found)}
                  match={found}
                  reached={index === at}
                  onSelect={onSelect}
                  onAtlas={() => {
                    store.traits.setSubject(classSubject(found.name));
                    clear();
                    host.focus({ preventScroll: true });
                  }}
                  onColour={() => {
                    store.overlay.value = { kind: "influence", class: found.class };
                  }}
                />
              );
            })}
          </ul>
          {shown.length === 0 ? (
            <NothingFound
              query={query.value}
              onTry={(name) => {
                query.value = name;
              }}
            />
          ) : (
            <SearchNote more={kinds.length + matches.length - shown.length} />
          )}
        </div>
      )}
    </div>
  );
}

type Found = FoundClass | FoundKind;

const isKind = (found: Found): found is FoundKind => "classes" in found;
const idOf = (found: Found): string =>
  isKind(found) ? `aw-kind-${found.name}-${found.classes}` : `aw-found-${found.class}`;

/** The classes and kinds that match, and the kernel asked where they are strong. */
function useMatches(
  query: string,
  level: number | null,
): { matches: FoundClass[]; kinds: FoundKind[] } {
  const { store } = useWidget();
  void store.cards.labelVersion.value;
  void store.strongest.version.value;
  const names = store.classes.names.value;
  const allKinds = store.classes.kinds.value;
  const byName = findNames(names, query);
  const kinds = findKinds(allKinds, query);
  const matching = [...byName, ...matchesByKind(allKinds, kinds, query, byName)];
  const found =
    level === null
      ? []
      : findClasses(names, matching, store.cards.winnersOf(level), (index) =>
          store.strongest.of(index),
        );
  const asked = matching.filter((match) => !isByKind(match));
  const wanted = asked.slice(0, MAX_INTEGERS).map((match) => match.class);
  useEffect(() => {
    if (level !== null) store.strongest.want(level, wanted);
  }, [level, wanted.join(), store.layout.value?.revision]);
  if (level === null) return { matches: [], kinds: [] };
  const winners = store.cards.winnersOf(level);
  const leading = store.cards.leadingOf(level);
  const byKind = new Set(matching.filter(isByKind).map((match) => match.class));
  const matches = found.map((each) =>
    byKind.has(each.class) ? { ...each, cells: cellsLedBy(each, leading) } : each,
  );
  return {
    // Of those that are called otherwise only what is there.
    matches: matches.filter((each) => each.cells.length > 0 || !byKind.has(each.class)),
    kinds: kinds.map((kind) => gatherKind(kind, winners, leading)),
  };
}

/** The cells that a class wins, shares, or is the strongest of. */
function cellsLedBy(found: FoundClass, leading: ReadonlyMap<number, number>): number[] {
  const led = [...leading].filter(([, index]) => index === found.class).map(([cell]) => cell);
  return [...new Set([...found.cells, ...led])].sort((a, b) => a - b);
}

/** How many cells there are, and how many of them are won. */
function describeCells(won: number, cells: number): string {
  if (cells === 0) return "no cell";
  return won > 0 ? `wins ${formatCount(won)} of ${plural(cells, "cell")}` : plural(cells, "cell");
}

/** A kind of things: all its classes together. */
function KindRow({
  kind,
  reached,
  onSelect,
}: {
  kind: FoundKind;
  reached: boolean;
  onSelect: (event: MouseEvent) => void;
}) {
  const { name, classes, won, cells } = kind;
  return (
    // biome-ignore lint/a11y/useKeyWithClickEvents: the field takes the keys
    <li
      id={idOf(kind)}
      role="option"
      tabIndex={-1}
      aria-selected={reached}
      class={`aw-kind ${reached ? "aw-at" : ""} ${cells.length === 0 ? "aw-unsure" : ""}`}
      title={`${plural(classes, "class", "classes")} that are a kind of ${name}. Select what they win, else the cells whose strongest class is one; Shift adds, Alt removes`}
      data-aw-kind={name}
      onClick={onSelect}
    >
      <span>
        <strong>{name}</strong> {plural(classes, "class", "classes")}
      </span>
      <small>{describeCells(won.length, cells.length)}</small>
    </li>
  );
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
  const { store } = useWidget();
  const { name, won, cells, strongest } = match;
  const where = describeCells(won.length, cells.length);
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
      {store.can("layers") && (
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
      )}
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
  const parts = ["Enter zooms to the cells, a click selects them."];
  if (more > 0) parts.unshift(`And ${plural(more, "more class", "more classes")}.`);
  if (cells < total) {
    parts.push(`Classes are known of ${formatCount(cells)} of ${plural(total, "cell")} so far.`);
  }
  return <p class="aw-note">{parts.join(" ")}</p>;
}
