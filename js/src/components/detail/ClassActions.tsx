import { cellsWonBy } from "../../overlays/top_class";
import { plural } from "../../words";
import { useWidget } from "../context";
import { Icon } from "../icons";

/** What a class's row offers: the atlas coloured by it, and the cells that it wins. */
export function ClassActions({
  index,
  label,
  grid,
}: {
  index: number;
  label: string;
  grid: number;
}) {
  const { store, view } = useWidget();
  void store.cards.labelVersion.value;
  const overlay = view.overlay.value;
  const coloured = overlay.kind === "influence" && overlay.class === index;
  const won = cellsWonBy(index, store.cards.winnersOf(grid));
  const colour = coloured
    ? "Show the pictures again"
    : `Colour the atlas by what each cell argues for ${label}`;
  const select =
    won.length > 0
      ? `Select the ${plural(won.length, "cell")} that ${label} wins`
      : `No cell is known that ${label} wins`;
  return (
    <span class="aw-bar-actions">
      <button
        type="button"
        class="aw-button aw-quiet"
        aria-pressed={coloured}
        title={colour}
        aria-label={colour}
        data-aw-colour-by={index}
        onClick={() => {
          view.overlay.value = coloured
            ? { kind: "pictures" }
            : { kind: "influence", class: index };
        }}
      >
        <Icon name="drop" />
      </button>
      <button
        type="button"
        class="aw-button aw-quiet"
        disabled={won.length === 0}
        title={select}
        aria-label={select}
        data-aw-select-won={index}
        onClick={(event) => view.selectCells(grid, won, event.shiftKey ? "add" : "replace")}
      >
        <Icon name="lasso" />
      </button>
    </span>
  );
}
