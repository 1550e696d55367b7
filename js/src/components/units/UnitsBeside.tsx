import { useSignal } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";
import { type UnitsBeside as Compared, linked, type Match } from "../../units/beside";
import { rowsInSight } from "../../units/rows";
import { unitKey } from "../../units/units";
import { formatDecimal, plural } from "../../util/numbers";
import { CellPicture } from "../CellPicture";
import { useWidget } from "../context";
import { Choice } from "../controls/Choice";
import { useScrollBox } from "../useScrollBox";
import { OtherPicture } from "./OtherPicture";

const PICTURE = 84; // CSS pixels, as in units.css
const PAIR = { width: 212, height: 136 };
const SINGLE = { width: 106, height: 116 };
const SETTLE = 120;

type Part = "linked" | "lost" | "gained";

const NONE: Record<Part, string> = {
  linked: "No unit has a match above what chance reaches.",
  lost: "Every unit has a match above what chance reaches.",
  gained: "Every unit of the other network has a match above what chance reaches.",
};

/** The units of the layer beside those of another network: matches, lost ones and new ones. */
export function UnitsBeside({ shown }: { shown: boolean }) {
  const { store } = useWidget();
  const part = useSignal<Part>("linked");
  const compared = store.beside.compared.value;
  if (!compared) {
    return (
      <p class="aw-units-empty">
        There is no other network to compare with: w.compare_units(other_model) shows its units
        here.
      </p>
    );
  }
  const pairs = linked(compared);
  const counts: Record<Part, number> = {
    linked: pairs.length,
    lost: compared.lost.length,
    gained: compared.gained.length,
  };
  const parts: readonly (readonly [Part, string, string])[] = [
    ["linked", `${counts.linked} matched`, "Units whose best match is above what chance reaches"],
    ["lost", `${counts.lost} lost`, `Units without a match in ${compared.name}`],
    ["gained", `${counts.gained} new`, `Units of ${compared.name} without a match here`],
  ];
  return (
    <>
      <div class="aw-beside-head">
        <p data-aw-beside={compared.name}>{describe(compared, pairs)}</p>
        <div class="aw-beside-tools">
          <Choice
            label="Which units"
            value={part.value}
            options={parts}
            onChoose={(name) => {
              part.value = name;
            }}
          />
          <button
            type="button"
            class="aw-button"
            title="End the comparison"
            data-aw-beside-end
            onClick={() => {
              store.beside.drop();
              store.unitOrder.value = "number";
            }}
          >
            End
          </button>
        </div>
      </div>
      {counts[part.value] === 0 ? (
        <p class="aw-units-empty">{NONE[part.value]}</p>
      ) : (
        <Listed
          key={part.value}
          part={part.value}
          compared={compared}
          pairs={pairs}
          shown={shown}
        />
      )}
    </>
  );
}

/** The units of one part, of which only the rows in sight are drawn. */
function Listed({
  part,
  compared,
  pairs,
  shown,
}: {
  part: Part;
  compared: Compared;
  pairs: readonly Match[];
  shown: boolean;
}) {
  const { store } = useWidget();
  const holder = useRef<HTMLDivElement>(null);
  const box = useScrollBox(holder);
  const items: readonly Partial<Match>[] =
    part === "linked"
      ? pairs
      : part === "lost"
        ? compared.lost.map((unit) => compared.matches[unit] ?? { unit })
        : compared.gained.map((other) => ({ other }));
  const tile = part === "gained" ? SINGLE : PAIR;
  const { columns, first, last, height } = rowsInSight(items.length, tile, box);
  const visible = items.slice(first * columns, last * columns);
  const sight = shown ? visible.map(({ unit, other }) => `${unit}-${other}`).join() : "";
  useEffect(() => {
    const own = sight ? visible.flatMap(({ unit }) => unit ?? []) : [];
    const others = sight ? visible.flatMap(({ other }) => other ?? []) : [];
    const timer = setTimeout(() => {
      store.units.look(own, []);
      store.beside.look(others);
    }, SETTLE);
    return () => clearTimeout(timer);
  }, [sight, compared]);
  useEffect(
    () => () => {
      store.units.look([], []);
      store.beside.look([]);
    },
    [],
  );
  return (
    <div ref={holder} class="aw-units-scroll">
      <div class="aw-units-space" style={{ height: `${height}px` }}>
        <ul
          class="aw-units-grid aw-beside-grid"
          style={{
            top: `${first * tile.height}px`,
            gridTemplateColumns: `repeat(${columns}, 1fr)`,
          }}
        >
          {visible.map((item) => (
            <li key={`${item.unit}-${item.other}`} style={{ height: `${tile.height}px` }}>
              <Pair match={item} name={compared.name} />
            </li>
          ))}
        </ul>
      </div>
    </div>
  );
}

function Pair({ match, name }: { match: Partial<Match>; name: string }) {
  const { store } = useWidget();
  const { unit, other, r, floor, mutual } = match;
  return (
    <div class="aw-beside-pair" data-aw-pair={`${unit ?? ""}-${other ?? ""}`}>
      <div>
        {unit !== undefined && (
          <button
            type="button"
            class="aw-unit-link"
            title={`Open unit ${unit}`}
            onClick={() => {
              store.unit.value = unit;
            }}
          >
            <CellPicture of={unitKey(unit)} size={PICTURE} />
            <small>{unit}</small>
          </button>
        )}
        {other !== undefined && other !== null && (
          <figure title={`Unit ${other} of ${name}`}>
            <OtherPicture unit={other} size={PICTURE} />
            <small>
              {unit === undefined ? "" : "↔ "}
              {other}
            </small>
          </figure>
        )}
      </div>
      {r !== undefined && r !== null && (
        <small
          title={
            mutual
              ? "Correlation over the images; each is the other’s best match"
              : "Correlation over the images; the other unit has a better match"
          }
        >
          r = {formatDecimal(r)}
          {floor !== null && floor !== undefined && ` (chance ${formatDecimal(floor)})`}
          {mutual && " · mutual"}
        </small>
      )}
    </div>
  );
}

function describe({ name, layer, images, cka, count }: Compared, pairs: readonly Match[]): string {
  const mutual = pairs.filter((pair) => pair.mutual).length;
  const alike = cka === null ? "" : ` · CKA ${formatDecimal(cka)}`;
  return `Beside ${name} : ${layer} (${plural(count, "unit")}), matched by their maximum over ${plural(images, "image")}${alike} · ${mutual} are each other’s best`;
}
