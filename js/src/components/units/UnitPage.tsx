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
import { Quilt } from "./Quilt";
import { TuningMaps } from "./TuningMaps";
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
  return (
    <>
      <Examples page={page} overview={overview} />
      <UnitHistogram page={page} overview={overview} />
      <Quilt page={page} />
      <TuningMaps />
      <WiringBlock />
      <ClassesBlock />
      <OnTheMap page={page} />
      <Relatives page={page} />
      {!page.dead && <TwinBlock />}
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
  return (
    <section>
      <h3 class="aw-with-choice">
        <span>
          On the map{" "}
          <small>
            cells of the {page.grid} × {page.grid} grid by mean activation
          </small>
        </span>
        <button type="button" class="aw-button" data-aw-unit-map onClick={show}>
          Show on the map
        </button>
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
