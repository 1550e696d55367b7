import { describeMeaning, describeNumbers } from "../../causes/causal_test";
import type { Panel } from "../../panels/panel";
import { formatDecimal, plural } from "../../util/numbers";
import { useWidget } from "../context";
import { Choice } from "../controls/Choice";
import { Slider } from "../controls/Slider";
import { NO_KERNEL } from "../words";
import { Scatter } from "./Scatter";
import { TaskState } from "./TaskState";

const CHANGES = [
  ["remove", "Remove it", "Take the direction away, as far as it is there"],
  ["add", "Add it", "Add a multiple of the cell’s mean"],
] as const;
const PLACES = [
  ["sample", "At the sample", "Where each sample of the cell lies in its image"],
  [
    "present",
    "Where present",
    "Wherever the activation is similar to the cell’s mean (cosine at least 0.5)",
  ],
  ["everywhere", "Everywhere", "At all positions of the image"],
] as const;
const [MIN_AMOUNT, MAX_AMOUNT] = [-3, 3];
/** Classes that are looked at: those that a cell argues most for, and against. */
const [FOR, AGAINST] = [3, 2];

/** A direction removed or added on real images: does what attribution predicts happen? */
export function CausesTab({ panel }: { panel: Panel }) {
  const { store, view } = useWidget();
  const { choices } = view;
  const { cells, grid } = store.selection.value;
  const region = choices.region.value && cells.length > 0;
  const running = panel.tried.value;
  const state = running?.state.value;
  const connected = store.connected.value;
  const adds = choices.change.value === "add";
  const idle = adds && choices.amount.value === 0;
  const start = () => {
    running?.stop();
    panel.tried.value = store.causes.change({
      grid: region ? grid : panel.place.grid,
      cells: region ? [...cells] : [panel.place.cell],
      change: choices.change.value,
      amount: choices.amount.value,
      where: choices.where.value,
      classes: region ? [] : classesOf(store.cards.get(panel.key)),
    });
  };
  return (
    <>
      <section class="aw-made aw-experiment">
        <p class="aw-note">
          Change this layer on real images and let the rest of the network run: does what
          attribution predicts happen?
        </p>
        {cells.length > 0 && (
          <Choice
            label="Of what"
            value={region ? "region" : "cell"}
            options={[
              ["cell", "This cell", "The mean of the open cell"],
              ["region", `The ${plural(cells.length, "selected cell")}`, "The mean of the region"],
            ]}
            onChoose={(value) => {
              choices.region.value = value === "region";
            }}
          />
        )}
        <div class="aw-row">
          <Choice
            label="Change"
            value={choices.change.value}
            options={CHANGES}
            onChoose={(value) => {
              choices.change.value = value;
            }}
          />
          {adds && (
            <div class="aw-amount">
              <Slider
                min={MIN_AMOUNT}
                max={MAX_AMOUNT}
                step={0.25}
                value={choices.amount.value}
                label="How much is added, in units of the cell’s mean"
                data-aw-amount
                onSlide={(value) => {
                  choices.amount.value = value;
                }}
              />
              <output>{formatDecimal(choices.amount.value)} ×</output>
            </div>
          )}
        </div>
        <Choice
          label="Where"
          value={choices.where.value}
          options={PLACES}
          onChoose={(value) => {
            choices.where.value = value;
          }}
        />
        <div class="aw-row">
          <button
            type="button"
            class="aw-button aw-primary"
            disabled={!connected || idle || state?.stage === "running"}
            title={connected ? "" : NO_KERNEL}
            data-aw-try
            onClick={start}
          >
            Try it on real images
          </button>
          <button
            type="button"
            class="aw-link"
            data-aw-open-cues
            onClick={() => {
              choices.cuesOpen.value = true;
            }}
          >
            Find misleading cues…
          </button>
        </div>
        <TaskState task={panel.tried} begins="Reading the images…" counts={["crop", "crops"]} />
      </section>
      {state?.stage === "done" && (
        <section class="aw-said aw-experiment" aria-live="polite">
          <h3>
            {state.result.what} <small>{describeNumbers(state.result)}</small>
          </h3>
          <p data-aw-meaning>{describeMeaning(state.result)}</p>
          <Scatter test={state.result} />
          <p class="aw-note">
            Crops of one image are not independent of each other: of few images, the interval is too
            narrow.
          </p>
        </section>
      )}
    </>
  );
}

function classesOf(
  card: { classes: { index: number }[] | null; against: { index: number }[] | null } | null,
): number[] {
  const pro = (card?.classes ?? []).slice(0, FOR);
  const contra = (card?.against ?? []).slice(0, AGAINST);
  return [...new Set([...pro, ...contra].map(({ index }) => index))];
}
