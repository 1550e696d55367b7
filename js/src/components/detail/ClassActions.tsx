import { useMemo } from "preact/hooks";
import { cellsWonBy, countWins } from "../../overlays/top_class";
import { className } from "../../store/overlay_choice";
import { ALL, classSubject, isSame } from "../../store/subject";
import { plural } from "../../util/numbers";
import { useWidget } from "../context";
import { IconButton } from "../controls/IconButton";

/** The number of cells of a grid that each class wins, as far as that is known. */
export function useWins(grid: number): ReadonlyMap<number, number> {
  const { store } = useWidget();
  const version = store.cards.labelVersion.value;
  // Once for all rows: a fine grid has tens of thousands of cells.
  return useMemo(() => {
    const winners = store.cards.winnersOf(grid);
    return countWins(winners.keys(), winners);
  }, [version, grid]);
}

/** The buttons of a class's row: the atlas coloured by it, and the cells that it wins. */
export function ClassActions({
  index,
  label,
  grid,
  wins,
}: {
  index: number;
  label: string;
  grid: number;
  wins: number;
}) {
  const { store, view } = useWidget();
  const overlay = view.overlay.value;
  const coloured = overlay.kind === "influence" && overlay.class === index;
  const colour = coloured
    ? "Show the pictures again"
    : `Colour the atlas by what each cell argues for ${label}`;
  const select =
    wins > 0
      ? `Select the ${plural(wins, "cell")} that ${label} wins`
      : `No cell is known that ${label} wins`;
  const name = className(store.classes.names.value, index);
  const shown = isSame(store.traits.subject.value, classSubject(name));
  const atlas = shown
    ? "Show all samples again"
    : `An atlas of ${label}: the samples that argue most for it`;
  return (
    <span class="aw-bar-actions">
      <IconButton
        icon="drop"
        aria-pressed={coloured}
        title={colour}
        data-aw-colour-by={index}
        onClick={() => {
          view.overlay.value = coloured
            ? { kind: "pictures" }
            : { kind: "influence", class: index };
        }}
      />
      <IconButton
        icon="lasso"
        disabled={wins === 0}
        title={select}
        data-aw-select-won={index}
        onClick={(event) => {
          const won = cellsWonBy(index, store.cards.winnersOf(grid));
          view.selectCells(grid, won, event.shiftKey ? "add" : "replace");
        }}
      />
      {store.can("layers") && (
        <IconButton
          icon="samples"
          aria-pressed={shown}
          title={atlas}
          data-aw-atlas-of={index}
          onClick={() => store.traits.setSubject(shown ? ALL : classSubject(name))}
        />
      )}
    </span>
  );
}
