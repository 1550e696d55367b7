import type { Signal } from "@preact/signals";
import { isDead, labelCounts, type Order, type Overview, ordersOf } from "../../units/overview";
import { plural } from "../../util/numbers";
import { useWidget } from "../context";

/** Orders that have to be computed. */
const OF_KERNEL: ReadonlySet<Order> = new Set(["picture", "correlation", "match"]);

const NO_BASIS =
  "A dimension of a transformer’s tokens need not mean anything by itself (Elhage et al., 2021); with_directions(model, layer, matrix) has the same page for any directions";

/** The line above the grid of units: how many there are, in which order, and one by its number. */
export function UnitsHead({
  overview,
  order,
  alive,
  label,
  shown,
}: {
  overview: Overview;
  order: Signal<Order>;
  /** Units with the same activation everywhere are left out. */
  alive: Signal<boolean>;
  /** Only units that are most active in images of this label. */
  label: Signal<number | null>;
  shown: number;
}) {
  const { store } = useWidget();
  const dead = alive.value
    ? Array.from({ length: overview.count }, (_, unit) => unit).filter((unit) =>
        isDead(overview, unit),
      ).length
    : 0;
  const labels = labelCounts(overview);
  return (
    <header class="aw-units-head">
      <p>
        <strong>{plural(overview.count, "unit")}</strong> of {overview.layer}
        <small>
          {" "}
          {store.savedUnits && `· ${shown} of them in this page `}
          {!store.savedUnits && label.value !== null ? `· ${shown} shown ` : ""}
          {!store.savedUnits && dead > 0 ? `· ${plural(dead, "dead unit")} hidden ` : ""}·
          statistics of {plural(overview.samples, "sampled position")} in{" "}
          {plural(overview.images, "image")}
        </small>
        {overview.layout === "tokens" && (
          <small data-aw-no-basis title={NO_BASIS}>
            {" "}
            · dimensions of tokens, which need not mean anything by themselves
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
          {ordersOf(overview)
            .filter(([name]) => store.can("units") || !OF_KERNEL.has(name))
            .map(([name, words, meaning]) => (
              <option key={name} value={name} title={meaning}>
                {words}
              </option>
            ))}
        </select>
      </label>
      {labels.length > 0 && !store.savedUnits && (
        <label
          class="aw-units-label"
          title="The units whose mean activation is largest in images of this label"
        >
          Label{" "}
          <select
            class="aw-input"
            value={label.value ?? ""}
            data-aw-units-label
            onChange={(event) => {
              const { value } = event.currentTarget;
              label.value = value === "" ? null : Number(value);
            }}
          >
            <option value="">any</option>
            {labels.map(([number, name, count]) => (
              <option key={number} value={number}>
                {name} ({count})
              </option>
            ))}
          </select>
        </label>
      )}
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
