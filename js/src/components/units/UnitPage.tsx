import { useEffect, useRef } from "preact/hooks";
import { cellKey } from "../../protocol/picture_key";
import { FIRST_VIEW } from "../../store/view_registry";
import type { Overview } from "../../units/overview";
import type { UnitPage as Page } from "../../units/page";
import { unitKey } from "../../units/units";
import { formatDecimal, formatPlain, plural } from "../../util/numbers";
import { CellPicture } from "../CellPicture";
import { useWidget } from "../context";
import { ClassesBlock } from "./ClassesBlock";
import { Examples } from "./Examples";
import { OtherPicture } from "./OtherPicture";
import { Quilt } from "./Quilt";
import { TuningMaps } from "./TuningMaps";
import { TurnedBlock } from "./TurnedBlock";
import { TwinBlock } from "./TwinBlock";
import { UnitHistogram } from "./UnitHistogram";
import { UnitPageHead, type UnitPageProps } from "./UnitPageHead";
import { UnitPictures } from "./UnitPictures";
import { WiringBlock } from "./WiringBlock";

const CELL = 56;

/** Everything about one unit. */
export function UnitPage({ unit, overview, onStep }: UnitPageProps) {
  const { store } = useWidget();
  const element = useRef<HTMLElement>(null);
  const known = store.openUnit.page.value;
  const page = known?.unit === unit ? known : null;
  useEffect(() => element.current?.focus({ preventScroll: true }), []);
  return (
    <section
      ref={element}
      class="aw-unit-page"
      tabIndex={-1}
      aria-label={`Unit ${unit} of ${overview.layer}`}
      data-aw-unit-page={page ? unit : ""}
    >
      <UnitPageHead unit={unit} overview={overview} onStep={onStep} />
      <div class="aw-unit-columns">
        <UnitPictures unit={unit} overview={overview} dead={page?.dead ?? false} />
        <div class="aw-unit-evidence">
          {page?.dead && (
            <p class="aw-detail-notice">
              This unit is dead: its activation is the same for all{" "}
              {plural(overview.samples, "sampled position")}. Its examples and its picture say
              nothing.
            </p>
          )}
          {page && <Evidence page={page} overview={overview} />}
        </div>
      </div>
    </section>
  );
}

function Evidence({ page, overview }: { page: Page; overview: Overview }) {
  const { store } = useWidget();
  const works = store.can("experiments");
  return (
    <>
      {(works || page.examples.length > 0) && <Examples page={page} overview={overview} />}
      <UnitHistogram page={page} overview={overview} />
      {(works || page.examples.length > 0) && <Quilt page={page} />}
      {works && <TuningMaps />}
      {works && <TurnedBlock />}
      {works && <WiringBlock />}
      {works && <ClassesBlock />}
      <OnTheMap page={page} />
      <Relatives page={page} />
      <InTheOther unit={page.unit} />
      {works && !page.dead && <TwinBlock />}
    </>
  );
}

/** The cells of the atlas with the largest mean. */
function OnTheMap({ page }: { page: Page }) {
  const { store, view, host } = useWidget();
  const show = () => {
    store.overlay.value = { kind: "unit", unit: page.unit };
    view.showing.value = FIRST_VIEW;
    host.focus({ preventScroll: true }); // this button goes with the page
  };
  const select = () => {
    show();
    store.selections.choose({ grid: page.grid, cells: page.strongest });
    view.navigation.flyToCells(page.grid, page.strongest);
  };
  return (
    <section>
      <h3 class="aw-with-choice">
        <span>
          On the map{" "}
          <small>
            cells of the {page.grid} × {page.grid} grid by mean activation
          </small>
        </span>
        <div class="aw-group">
          {page.strongest.length > 0 && (
            <button
              type="button"
              class="aw-button"
              title={`Select the ${plural(page.strongest.length, "cell")} with the largest mean: a twentieth of all`}
              data-aw-unit-select
              onClick={select}
            >
              Select its cells
            </button>
          )}
          <button type="button" class="aw-button" data-aw-unit-map onClick={show}>
            Show on the map
          </button>
        </div>
      </h3>
      <ul class="aw-unit-strip">
        {page.cells.map(({ cell, mean }) => (
          <li key={cell}>
            <button
              type="button"
              class="aw-unit-link"
              title={`Open this cell: mean activation ${formatPlain(mean)}`}
              onClick={() => {
                show();
                view.navigation.flyToCells(page.grid, [cell]);
                view.open({ grid: page.grid, cell });
              }}
            >
              <CellPicture of={cellKey(page.grid, cell)} size={CELL} />
              <small>{formatPlain(mean)}</small>
            </button>
          </li>
        ))}
      </ul>
    </section>
  );
}

/** The units that are active together with this one, or where it is not. */
function Relatives({ page }: { page: Page }) {
  const { store } = useWidget();
  if (page.relatives.length === 0) return null;
  return (
    <section>
      <h3>
        Related units <small>correlation of activations over the samples</small>
      </h3>
      <ul class="aw-unit-strip">
        {page.relatives.map(({ unit, correlation }) => (
          <li key={unit}>
            <button
              type="button"
              class="aw-unit-link"
              title={`Open unit ${unit}: r = ${formatDecimal(correlation)}`}
              disabled={!(store.savedUnits?.includes(unit) ?? true)}
              data-aw-related={unit}
              onClick={() => {
                store.unit.value = unit;
              }}
            >
              <CellPicture of={unitKey(unit)} size={CELL} />
              <small>
                {unit} · {formatDecimal(correlation)}
              </small>
            </button>
          </li>
        ))}
      </ul>
    </section>
  );
}

/** The best match of the unit in the network that is compared with. */
function InTheOther({ unit }: { unit: number }) {
  const { store } = useWidget();
  const compared = store.beside.compared.value;
  const match = compared?.matches[unit];
  const other = match?.other ?? null;
  useEffect(() => {
    if (other !== null) store.beside.look([other]);
  }, [other, compared]);
  if (!compared || !match || other === null) return null;
  const above = !compared.lost.includes(unit);
  return (
    <section data-aw-in-other={other}>
      <h3>
        In {compared.name}{" "}
        <small>the unit of {compared.layer} that is most active in the same images</small>
      </h3>
      <div class="aw-unit-strip">
        <OtherPicture unit={other} size={CELL} />
        <p class="aw-note">
          Unit {other}: r = {match.r === null ? "–" : formatDecimal(match.r)} over{" "}
          {plural(compared.images, "image")}; chance reaches{" "}
          {match.floor === null ? "–" : formatDecimal(match.floor)}.{" "}
          {above
            ? match.mutual
              ? "Each is the other’s best match."
              : "The other unit has a better match."
            : "So this unit has no counterpart there."}
        </p>
      </div>
    </section>
  );
}
