import type { Panel } from "../../panels/panel";
import { NO_CERTAIN_CLASS } from "../../store/classes";
import { capitalized } from "../../util/numbers";
import { useWidget } from "../context";
import { CloseButton, IconButton } from "../controls/IconButton";
import { describePlace, describeSamples, describeUnnamed } from "../words";

/** The head of a panel: its cell, and whether it stays. `mark` tells two compared ones apart. */
export function PanelHead({ panel, mark = "" }: { panel: Panel; mark?: "" | "A" | "B" }) {
  const { store, view, host } = useWidget();
  void store.cards.version.value;
  void store.cards.labelVersion.value;
  const { grid, cell } = panel.place;
  const card = store.cards.get(panel.key);
  const label = store.label(panel.key);
  const pinned = view.panels.isPinned(panel.place);
  const leaves = pinned && view.opened.value !== null;
  const stay = pinned
    ? leaves
      ? "Unpin, and close: another cell is open"
      : "Unpin: the next cell takes its place"
    : "Pin: the next cell opens beside it, to compare";
  return (
    <header class="aw-detail-head">
      {mark && <span class={`aw-badge aw-badge-${mark.toLowerCase()}`}>{mark}</span>}
      <div class="aw-detail-title">
        <h2 class={label ? "" : "aw-unsure"} title={label ?? ""}>
          {label ?? (card?.classes ? capitalized(card.look || NO_CERTAIN_CLASS) : "Cell")}
        </h2>
        {!label && card?.why_not && (
          <p data-aw-why-not>{card.look ? describeUnnamed(card.why_not) : card.why_not}</p>
        )}
        <p>
          {describePlace(grid, cell)} of {`${grid}\u00a0×\u00a0${grid}`} ·{" "}
          {describeSamples(store.grid(grid), cell, card?.count).replace(" ", "\u00a0")}
        </p>
      </div>
      {store.can("notes") && (
        <IconButton
          icon="note"
          title="Note on this cell"
          data-aw-note-cell
          onClick={() => view.notes.begin({ kind: "cells", grid, cells: [cell] })}
        />
      )}
      <IconButton
        icon="pin"
        aria-pressed={pinned}
        title={stay}
        data-aw-pin
        onClick={() => {
          if (pinned) view.panels.unpin(panel.place);
          else view.panels.pin(panel.place);
        }}
      />
      <CloseButton
        onClose={() => {
          view.panels.close(panel.place);
          host.focus({ preventScroll: true });
        }}
      />
    </header>
  );
}
