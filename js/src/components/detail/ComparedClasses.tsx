import { useEffect } from "preact/hooks";
import type { Place } from "../../geometry/place";
import { keyOf } from "../../geometry/place";
import {
  type ComparedClass,
  classesToCompare,
  compareClasses,
  isClear,
} from "../../panels/compare";
import type { ClassValue } from "../../protocol/messages";
import { formatValue } from "../../util/numbers";
import { BarsNote, ClassBar, describeClass, reachOf } from "../ClassBars";
import { useWidget } from "../context";
import { describeWaiting, NO_CLASSES } from "../words";
import { ClassActions, useWins } from "./ClassActions";

/** The number of classes that either cell argues most for, and most against. */
const FOR = 6;
const AGAINST = 3;

/** The attribution of two cells to the same classes, on one scale, and its difference. */
export function ComparedClasses({ first, other }: { first: Place; other: Place }) {
  const { store } = useWidget();
  void store.cards.version.value;
  void store.details.version.value;
  const connected = store.connected.value;
  const [a, b] = [first, other].map((place) => store.cards.get(keyOf(place)));
  const classes =
    a?.classes && b?.classes
      ? [
          ...new Set([
            ...classesToCompare(a.classes, b.classes, FOR),
            ...classesToCompare(a.against ?? [], b.against ?? [], AGAINST),
          ]),
        ]
      : null;
  const known = [first, other].map((place) => {
    const card = store.cards.get(keyOf(place));
    const strongest = [...(card?.classes ?? []), ...(card?.against ?? [])];
    const values = new Map<number, ClassValue>(strongest.map((value) => [value.index, value]));
    for (const [index, value] of store.details.classValues(place)) values.set(index, value);
    return values;
  });
  const missing = known.map((values) => (classes ?? []).filter((index) => !values.has(index)));
  useEffect(() => {
    if (!connected) return;
    store.details.wantClassValues(first, missing[0]);
    store.details.wantClassValues(other, missing[1]);
  }, [connected, missing.join("|")]);
  const wins = useWins(first.grid);
  const compared = classes ? compareClasses(known[0], known[1], classes) : [];
  const reach = reachOf(
    compared.flatMap(({ first: one, other: two }) => [one, two].filter((it) => it !== null)),
    a?.lead,
  );
  return (
    <section>
      <h3>
        What they argue for and against{" "}
        <small>mean contribution to the logit, 95 % intervals; A − B bold where clear</small>
      </h3>
      {!classes && (
        <p class="aw-note">
          {describeWaiting(connected, store.can("live"), a !== null && b !== null)}
        </p>
      )}
      {classes && classes.length > 0 && <BarsNote lead={a?.lead ?? null} />}
      {classes?.length === 0 && <p class="aw-note">{NO_CLASSES}</p>}
      <ul class="aw-bars aw-bars-diverging aw-bars-acting aw-compared">
        {compared.map((item) => (
          <ComparedRow
            key={item.index}
            item={item}
            reach={reach}
            grid={first.grid}
            wins={wins.get(item.index) ?? 0}
          />
        ))}
      </ul>
    </section>
  );
}

function ComparedRow({
  item,
  reach,
  grid,
  wins,
}: {
  item: ComparedClass;
  reach: number;
  grid: number;
  wins: number;
}) {
  const live = useWidget().store.can("live");
  const { first, other, difference } = item;
  const words = [first && `A: ${describeClass(first)}`, other && `B: ${describeClass(other)}`];
  if (!live && difference === null) words.push("The other’s value is not in this page");
  return (
    <li class="aw-bar-row" title={words.filter(Boolean).join("\n")}>
      <span class="aw-bar-label">{item.label}</span>
      <span class="aw-bar-two">
        {first ? (
          <ClassBar item={first} reach={reach} diverging tone="aw-first" />
        ) : (
          <span class="aw-bar-track" />
        )}
        {other ? (
          <ClassBar item={other} reach={reach} diverging tone="aw-other" />
        ) : (
          <span class="aw-bar-track" />
        )}
      </span>
      <span class={`aw-bar-value ${isClear(item) ? "aw-clear-difference" : ""}`}>
        {difference === null ? (live ? "…" : "–") : formatValue(difference)}
      </span>
      <ClassActions index={item.index} label={item.label} grid={grid} wins={wins} />
    </li>
  );
}
