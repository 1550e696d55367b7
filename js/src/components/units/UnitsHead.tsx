import type { Signal } from "@preact/signals";
import { ORDERS, type Order, type Overview } from "../../units/overview";
import { plural } from "../../util/numbers";
import { useWidget } from "../context";

/** Orders that have to be computed. */
const OF_KERNEL: ReadonlySet<Order> = new Set(["correlation", "match"]);

const NO_BASIS =
  "A dimension of a transformer’s tokens need not mean anything by itself (Elhage et al., 2021); with_directions(model, layer, matrix) has the same page for any directions";

/** The line above the grid of units: how many there are, in which order, and one by its number. */
export function UnitsHead({
  overview,
  order,
  alive,
  shown,
}: {
  overview: Overview;
  order: Signal<Order>;
  /** Units with the same activation everywhere are left out. */
  alive: Signal<boolean>;
  shown: number;
}) {
  const { store } = useWidget();
  const dead = overview.count - shown;
  return (
    <header class="aw-units-head">
      <p>
        <strong>{plural(overview.count, "unit")}</strong> of {overview.layer}
        <small>
          {" "}
          {store.savedUnits && `· ${shown} of them in this page `}
          {!store.savedUnits && alive.value && dead > 0
            ? `· ${plural(dead, "dead unit")} hidden `
            : ""}
          · statistics of {plural(overview.samples, "sampled position")} in{" "}
          {plural(overview.images, "image")}
        </small>
        {overview.layout === "tokens" && (
          <small data-aw-no-basis title={NO_BASIS}>
            {" "}
            · dimensions of tokens: no privileged basis
          </small>
        )}
      </p>
      <span class="aw-spring" />
      <label class="aw-units-order">
        Sort by{" "}
        <select
          class="aw-input"
          value={order.value}
          data-aw-units-order
          onChange={(event) => {
            order.value = event.currentTarget.value as Order;
          }}
        >
          {ORDERS.filter(([name]) => store.can("units") || !OF_KERNEL.has(name)).map(
            ([name, words, meaning]) => (
              <option key={name} value={name} title={meaning}>
                {words}
              </option>
            ),
          )}
        </select>
      </label>
      <label class="aw-units-alive">
        <input
          type="checkbox"
          checked={alive.value}
          onChange={(event) => {
            alive.value = event.currentTarget.checked;
          }}
        />{" "}
        hide dead units
      </label>
      <input
        class="aw-input aw-units-number"
        type="number"
        min={0}
        max={overview.count - 1}
        placeholder="Unit…"
        aria-label={`Open a unit by its number, 0 to ${overview.count - 1}`}
        data-aw-units-number
        onKeyDown={(event) => {
          if (event.key !== "Enter") return;
          const number = event.currentTarget.valueAsNumber;
          const there = store.savedUnits?.includes(number) ?? true;
          if (Number.isInteger(number) && number >= 0 && number < overview.count && there) {
            store.unit.value = number;
          } else {
            event.currentTarget.setCustomValidity(
              there
                ? `Units have the numbers 0 to ${overview.count - 1}`
                : `In this page are the units ${store.savedUnits?.join(", ")}`,
            );
            event.currentTarget.reportValidity();
          }
        }}
        onInput={(event) => event.currentTarget.setCustomValidity("")}
      />
    </header>
  );
}
