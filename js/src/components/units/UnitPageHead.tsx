import { useSignal } from "@preact/signals";
import { copyText } from "../../page/clipboard";
import type { Overview } from "../../units/overview";
import { formatDecimal, formatPercent, formatPlain } from "../../util/numbers";
import { useWidget } from "../context";
import { IconButton } from "../controls/IconButton";

/** An open unit, and the way to the one before (−1) or after it (+1) in the list. */
export interface UnitPageProps {
  unit: number;
  overview: Overview;
  onStep: (step: -1 | 1) => void;
}

/** The name of a unit, the way to its neighbours, and its numbers. */
export function UnitPageHead({ unit, overview, onStep }: UnitPageProps) {
  const { store, view } = useWidget();
  const copied = useSignal(false);
  const line = `w.open_unit(${JSON.stringify(overview.layer)}, ${unit})`;
  return (
    <header class="aw-unit-head">
      <button
        type="button"
        class="aw-button"
        data-aw-all-units
        onClick={() => {
          store.unit.value = null;
        }}
      >
        ← All units
      </button>
      <h2>
        {overview.layer} : {unit}
      </h2>
      <div class="aw-group">
        <button
          type="button"
          class="aw-button"
          title="The unit before this one in the list (←)"
          aria-label="Previous unit"
          data-aw-unit-step="-1"
          onClick={() => onStep(-1)}
        >
          ‹
        </button>
        <button
          type="button"
          class="aw-button"
          title="The next unit in the list (→)"
          aria-label="Next unit"
          data-aw-unit-step="1"
          onClick={() => onStep(1)}
        >
          ›
        </button>
      </div>
      {store.can("notes") && (
        <IconButton
          icon="note"
          title="Note on this unit"
          data-aw-note-unit
          onClick={() => view.notes.begin({ kind: "unit", unit })}
        />
      )}
      {store.can("python") && (
        <IconButton
          icon={copied.value ? "check" : "link"}
          title={`Copy the line that returns here: ${line}`}
          label="Copy the line that opens this unit"
          data-aw-copy-unit
          onClick={async () => {
            copied.value = await copyText(line);
          }}
        />
      )}
      {overview.layout === "tokens" && (
        <small class="aw-unit-basis" data-aw-no-basis>
          a dimension of tokens, which need not mean anything by itself
        </small>
      )}
      <span class="aw-spring" />
      <dl class="aw-unit-numbers">
        {numbersOf(overview, unit).map(([name, value, meaning]) => (
          <div key={name} title={meaning}>
            <dt>{name}</dt>
            <dd>{value}</dd>
          </div>
        ))}
      </dl>
    </header>
  );
}

/** [name, value, meaning] */
function numbersOf(overview: Overview, unit: number): [string, string, string][] {
  const value = (name: string) => overview.statistics.get(name)?.[unit] ?? Number.NaN;
  const plain = (number: number) => (Number.isFinite(number) ? formatPlain(number) : "–");
  const numbers: [string, string, string][] = [
    ["active", formatPercent(value("active")), "Share of samples with a positive activation"],
    ["mean", `${plain(value("mean"))} ± ${plain(value("std"))}`, "Mean and standard deviation"],
    ["largest", plain(value("max")), "The strongest sample"],
  ];
  if (overview.signed) numbers.push(["least", plain(value("min")), "The most negative sample"]);
  const sparse = value("sparseness");
  numbers.push([
    "sparseness",
    Number.isFinite(sparse) ? formatDecimal(sparse) : "–",
    "How unevenly the positive activations are spread, 1 − mean(a)² / mean(a²): 0 if all samples are alike, near 1 if a few carry nearly all",
  ]);
  return numbers;
}
