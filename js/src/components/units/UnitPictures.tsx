import { useSignal } from "@preact/signals";
import type { Measure, UnitFrame } from "../../units/open_unit";
import type { Overview } from "../../units/overview";
import { type UnitPicture, unitKey } from "../../units/units";
import { formatDecimal, formatPlain, formatShare } from "../../util/numbers";
import { CellPicture } from "../CellPicture";
import { useWidget } from "../context";
import { Tile } from "../Tile";

const LARGE = 224;
const SMALL = 108;
/** Below this share of samples a picture excites its unit no more than real images do. */
const WEAK = 0.99;

const NAMES: Record<UnitPicture, [name: string, meaning: string]> = {
  neuron: ["Neuron", "Excites the unit in the middle of the map: one thing"],
  channel: ["Channel", "Excites the unit all over the map: a texture"],
  negative: ["Negative", "Drives the unit’s activation below zero"],
};

/** The pictures made for a unit, each with what it does to the unit. */
export function UnitPictures({
  unit,
  overview,
  dead,
}: {
  unit: number;
  overview: Overview;
  dead: boolean;
}) {
  const { store } = useWidget();
  return (
    <div class="aw-unit-pictures">
      <Made unit={unit} picture="neuron" size={LARGE} dead={dead} large="portrait" />
      <div class="aw-unit-small">
        <Made unit={unit} picture="channel" size={SMALL} dead={dead} />
        <Negative unit={unit} signed={overview.signed} dead={dead} />
      </div>
      {!dead && store.can("live") && <Diverse unit={unit} />}
    </div>
  );
}

/** What drives the unit below zero; where a ReLU leaves nothing there, what the ReLU is given. */
function Negative({ unit, signed, dead }: { unit: number; signed: boolean; dead: boolean }) {
  const { store } = useWidget();
  const before = store.openUnit.before.value;
  if (signed || before?.layer) {
    return (
      <div>
        <Made unit={unit} picture="negative" size={SMALL} dead={dead} />
        {!signed && (
          <p class="aw-note" data-aw-before-relu={before?.layer}>
            of <bdi>{before?.layer}</bdi>, before the ReLU
          </p>
        )}
      </div>
    );
  }
  if (before === null && store.connected.value) return null; // not known yet
  return (
    <p class="aw-note" data-aw-no-negative>
      {before?.reason || "No negative picture: this layer has no negative activations"}.
    </p>
  );
}

/** Four pictures that differ: the several things that excite the unit. */
function Diverse({ unit }: { unit: number }) {
  const { store } = useWidget();
  const frame = store.openUnit.frames.value.get("diverse");
  const asked = useSignal(false);
  if (!frame) {
    return (
      <button
        type="button"
        class="aw-button"
        disabled={asked.value || !store.connected.value}
        title="Make four pictures that are kept unlike each other: a unit may be excited by several things"
        data-aw-diverse
        onClick={() => {
          asked.value = true;
          store.openUnit.diversify(unit);
        }}
      >
        {asked.value ? "Making four that differ…" : "Four that differ"}
      </button>
    );
  }
  return (
    <figure class="aw-unit-made" data-aw-diverse-step={frame.step}>
      <div class="aw-unit-diverse">
        {frame.activations.map((activation, at) => (
          <FramePicture key={at} frame={frame} at={at} size={SMALL} activation={activation} />
        ))}
      </div>
      <figcaption>
        <strong>Four that differ</strong>{" "}
        <small title={frame.made}>
          activations {frame.activations.map((value) => formatPlain(value ?? 0)).join(", ")}
          {frame.step < frame.steps ? ` · step ${frame.step} of ${frame.steps}` : ""}
        </small>
      </figcaption>
    </figure>
  );
}

function FramePicture({
  frame,
  at,
  size,
  activation,
}: {
  frame: UnitFrame;
  at: number;
  size: number;
  activation: number | null;
}) {
  const side = frame.pictures.height;
  return (
    <span title={`activation ${formatPlain(activation ?? 0)}`}>
      <Tile sheet={frame.pictures} left={at * side} side={side} size={size} />
    </span>
  );
}

function Made({
  unit,
  picture,
  size,
  dead,
  large,
}: {
  unit: number;
  picture: UnitPicture;
  size: number;
  dead: boolean;
  /** The large picture that takes its place once there is one. */
  large?: string;
}) {
  const { store } = useWidget();
  void store.pictureVersion.value;
  const [name, meaning] = NAMES[picture];
  const measure = store.openUnit.measures.value.get(picture);
  const frame = large === undefined ? undefined : store.openUnit.frames.value.get(large);
  const state = store.pictures.get(unitKey(unit, picture))?.state;
  return (
    <figure class="aw-unit-made" data-aw-unit-picture={picture} data-aw-state={state ?? ""}>
      {frame ? (
        <Tile sheet={frame.pictures} left={0} side={frame.pictures.height} size={size} />
      ) : (
        <CellPicture of={unitKey(unit, picture)} size={size} />
      )}
      <figcaption>
        <strong title={meaning}>{name}</strong>{" "}
        <small title={measure?.made}>
          {measure && !dead
            ? describe(measure)
            : state === "final"
              ? ""
              : store.can("live")
                ? waiting(state, store.connected.value)
                : "not in this page"}
        </small>
      </figcaption>
    </figure>
  );
}

function waiting(state: string | undefined, connected: boolean): string {
  if (!connected) return "not made: the kernel has stopped";
  return state === "crop" ? "the strongest sample, until the picture is made…" : "to come…";
}

function describe({ activation, beyond, ratio, picture }: Measure): string {
  const strongest = picture === "negative" ? "most negative sample" : "strongest sample";
  const times = ratio === null ? "" : `, ${formatDecimal(ratio, 1)} × the ${strongest}`;
  const words = `activation ${formatPlain(activation)}${times}`;
  return beyond !== null && beyond < WEAK
    ? `${words}: does not excite the unit more than real images do (more than ${formatShare(beyond)} of the samples)`
    : words;
}
