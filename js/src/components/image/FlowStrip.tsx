import { useSignal } from "@preact/signals";
import type { Flow, LayerMap, Opened } from "../../image/answers";
import { groupColour } from "../../image/grid_painter";
import type { OpenImage } from "../../image/open_image";
import { cssOf } from "../../overlays/colour";
import { keyIn, type PictureGroup } from "../../protocol/picture_key";
import { formatValue, largestSize } from "../../util/numbers";
import { CellPicture } from "../CellPicture";
import { useWidget } from "../context";

const ROW = 46;
const PICTURE = 40;
const WIDTH = 560;
const COLUMNS = { lower: 0, upper: 250, classes: 470 };
const THICKEST = 14;
/** Lines that are thinner than this share of the thickest say nothing. */
const THINNEST = 0.04;

/** What groups of a layer contribute to groups of a later one, and these to classes. */
export function FlowStrip({ state, opened }: { state: OpenImage; opened: Opened }) {
  const { store } = useWidget();
  const { layers } = opened;
  const lower = useSignal(Math.max(0, layers.length - 2));
  const upper = useSignal(layers.length - 1);
  const flow = state.flow.value;
  const problem = state.failures.value.get("image_flow");
  if (layers.length < 2) return null;
  const [from, to] = [
    Math.min(lower.value, layers.length - 2),
    Math.min(upper.value, layers.length - 1),
  ];
  const ask = () => state.wantFlow(from, to, state.looking.count.peek());
  return (
    <section class="aw-image-block aw-image-part" data-aw-flow={flow ? flow.count : ""}>
      <h3 class="aw-with-choice">
        <span>
          Flow <small>from the groups of one layer to those of a later one, and to classes</small>
        </span>
        <span class="aw-flow-choice">
          <LayerSelect
            label="From the groups of"
            value={from}
            layers={layers}
            usable={(at) => at < to}
            onChoose={(at) => {
              lower.value = at;
            }}
          />
          <LayerSelect
            label="To the groups of"
            value={to}
            layers={layers}
            usable={(at) => at > from}
            onChoose={(at) => {
              upper.value = at;
            }}
          />
          <button
            type="button"
            class="aw-button"
            disabled={!store.connected.value}
            data-aw-show-flow
            onClick={ask}
          >
            {flow ? "Again" : "Show"}
          </button>
        </span>
      </h3>
      {problem && <p class="aw-note aw-task-failed">{problem}</p>}
      {flow && <Diagram flow={flow} opened={opened} />}
    </section>
  );
}

function LayerSelect({
  label,
  value,
  layers,
  usable,
  onChoose,
}: {
  label: string;
  value: number;
  layers: readonly LayerMap[];
  usable: (at: number) => boolean;
  onChoose: (at: number) => void;
}) {
  return (
    <select
      class="aw-input"
      aria-label={label}
      value={value}
      onChange={(event) => onChoose(Number(event.currentTarget.value))}
    >
      {layers.map(({ name }, at) => (
        <option key={name} value={at} disabled={!usable(at)}>
          {name}
        </option>
      ))}
    </select>
  );
}

interface Line {
  from: readonly [number, number];
  to: readonly [number, number];
  share: number;
  value: number;
  words: string;
}

function Diagram({ flow, opened }: { flow: Flow; opened: Opened }) {
  const near = useSignal<string | null>(null);
  const { count, values, classes, left } = flow;
  const middle = (at: number) => at * ROW + ROW / 2;
  const most = largestSize(values.flat());
  const mostTo = largestSize(classes.flatMap((each) => each.values));
  const between: Line[] = values.flatMap((row, g1) =>
    row.map((value, g2) => ({
      from: [COLUMNS.lower + PICTURE + 44, middle(g1)] as const,
      to: [COLUMNS.upper - 6, middle(g2)] as const,
      share: value / most,
      value,
      words: `group ${g1} to group ${g2}: ${formatValue(value)}`,
    })),
  );
  const toClasses: Line[] = classes.flatMap(({ name, values: own }, at) =>
    own.map((value, g2) => ({
      from: [COLUMNS.upper + PICTURE + 44, middle(g2)] as const,
      to: [COLUMNS.classes - 6, middle((at + 0.5) * (count / classes.length) - 0.5)] as const,
      share: value / mostTo,
      value,
      words: `group ${g2} to ${name}: ${formatValue(value)}`,
    })),
  );
  const lines = [...between, ...toClasses].filter(({ share }) => Math.abs(share) >= THINNEST);
  return (
    <div class="aw-flow-scroll">
      <div class="aw-flow" style={{ width: `${WIDTH + 90}px`, height: `${count * ROW}px` }}>
        <svg
          width={WIDTH + 90}
          height={count * ROW}
          role="img"
          aria-label="Contributions of groups"
        >
          {lines.map(({ from, to, share, value, words }) => (
            <path
              key={words}
              class={`${value < 0 ? "aw-flow-against" : "aw-flow-for"} ${near.value !== null && !words.includes(near.value) ? "aw-far" : ""}`}
              d={curve(from, to)}
              stroke-width={Math.max(1, THICKEST * Math.abs(share))}
            >
              <title>{words}</title>
            </path>
          ))}
        </svg>
        <Column
          title={opened.layers[flow.lower]?.name ?? ""}
          group={flow.lowerPictures}
          count={count}
          left={COLUMNS.lower}
        />
        <Column
          title={opened.layers[flow.upper]?.name ?? ""}
          group={flow.upperPictures}
          count={count}
          left={COLUMNS.upper}
        />
        {classes.map(({ index, name }, at) => (
          <span
            key={index}
            class="aw-flow-class"
            style={{
              left: `${COLUMNS.classes}px`,
              top: `${middle((at + 0.5) * (count / classes.length) - 0.5) - 9}px`,
            }}
            onPointerEnter={() => {
              near.value = name;
            }}
            onPointerLeave={() => {
              near.value = null;
            }}
          >
            {name}
          </span>
        ))}
      </div>
      <p class="aw-note">
        Blue: argues for, orange: against; the thicker, the more, each half on its own scale. In no
        group, to the groups on the right: {left.map(formatValue).join(", ")}.
      </p>
    </div>
  );
}

function Column({
  title,
  group,
  count,
  left,
}: {
  title: string;
  group: PictureGroup;
  count: number;
  left: number;
}) {
  return (
    <>
      {Array.from({ length: count }, (_, at) => (
        <span
          key={at}
          class="aw-flow-group"
          title={`Group ${at} of ${title}`}
          style={{ left: `${left}px`, top: `${at * ROW + (ROW - PICTURE) / 2}px` }}
        >
          <span class="aw-group-picture" style={{ "--aw-group": cssOf(groupColour(at)) }}>
            <CellPicture of={keyIn(group, at)} size={PICTURE} />
          </span>
          <small>{at}</small>
        </span>
      ))}
    </>
  );
}

function curve([x0, y0]: readonly [number, number], [x1, y1]: readonly [number, number]): string {
  const bend = (x1 - x0) / 2;
  return `M${x0},${y0} C${x0 + bend},${y0} ${x1 - bend},${y1} ${x1},${y1}`;
}
