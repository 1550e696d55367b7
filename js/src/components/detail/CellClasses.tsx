import type { Place } from "../../geometry/place";
import { keyOf } from "../../geometry/place";
import { BarsNote, ClassBars, reachOf } from "../ClassBars";
import { useWidget } from "../context";
import { describeWaiting, NO_CLASSES } from "../words";
import { ClassActions, useWins } from "./ClassActions";

/** The classes that a cell argues for and against, all on one scale. */
export function CellClasses({ place }: { place: Place }) {
  const { store } = useWidget();
  void store.cards.version.value;
  const card = store.cards.get(keyOf(place));
  const connected = store.connected.value;
  const [pro, contra] = [card?.classes ?? null, card?.against ?? []];
  const reach = reachOf([...(pro ?? []), ...contra], card?.lead);
  const wins = useWins(place.grid);
  const actions = ({ index, label }: { index: number; label: string }) => (
    <ClassActions index={index} label={label} grid={place.grid} wins={wins.get(index) ?? 0} />
  );
  return (
    <section>
      <h3>
        What it argues for <small>mean contribution to the logit, 95 % interval</small>
      </h3>
      {!pro && (
        <p class="aw-note">{describeWaiting(connected, store.can("live"), card !== null)}</p>
      )}
      {pro && pro.length + contra.length === 0 && <p class="aw-note">{NO_CLASSES}</p>}
      {pro && pro.length > 0 && (
        <ClassBars values={pro} reach={reach} diverging actions={actions} />
      )}
      {contra.length > 0 && (
        <>
          <h3>… and against</h3>
          <ClassBars values={contra} reach={reach} diverging actions={actions} />
        </>
      )}
      {pro && pro.length + contra.length > 0 && <BarsNote lead={card?.lead ?? null} />}
    </section>
  );
}
