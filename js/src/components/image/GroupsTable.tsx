import type { Groups, Opened } from "../../image/answers";
import { groupColour } from "../../image/grid_painter";
import { MAX_GROUPS, MIN_GROUPS } from "../../image/looking";
import type { OpenImage } from "../../image/open_image";
import { cssOf } from "../../overlays/colour";
import { keyIn } from "../../protocol/picture_key";
import { formatShare, formatValue, largestSize } from "../../util/numbers";
import { CellPicture } from "../CellPicture";
import { useWidget } from "../context";
import { Slider } from "../controls/Slider";
import { Stretch } from "../Stretch";
import { SumRows } from "./SumRows";

const PICTURE = 48;

/** Groups of channels of the chosen layer, and what each contributes to the chosen class. */
export function GroupsTable({ state, opened }: { state: OpenImage; opened: Opened }) {
  const { looking } = state;
  const layer = looking.layer.value;
  const map = opened.layers[layer];
  const groups = state.groups.value;
  const here = groups?.layer === layer ? groups : null;
  const problem = state.failures.value.get("image_groups");
  const count = looking.count.value;
  return (
    <section class="aw-image-block" data-aw-groups={here ? `${layer}:${here.count}` : ""}>
      <h3>
        Groups of {map?.name} <small>channels that are active together, in this image</small>
      </h3>
      <div class="aw-groups-count">
        <span>{count} groups</span>
        <Slider
          label="Number of groups"
          min={MIN_GROUPS}
          max={MAX_GROUPS}
          step={1}
          value={count}
          data-aw-groups-count
          onSlide={(value) => {
            looking.group.value = null;
            looking.count.value = value;
          }}
        />
      </div>
      {problem && <p class="aw-note aw-task-failed">{problem}</p>}
      {here && <Rows state={state} groups={here} />}
    </section>
  );
}

function Rows({ state, groups }: { state: OpenImage; groups: Groups }) {
  const { contributions } = groups;
  const reach = largestSize([...contributions, groups.inNoGroup]);
  return (
    <>
      <ul class="aw-channel-rows">
        {groups.maps.map((_, group) => (
          <GroupRow
            key={group}
            state={state}
            groups={groups}
            group={group}
            contribution={contributions[group] ?? null}
            reach={reach}
          />
        ))}
      </ul>
      {contributions.length > 0 && (
        <SumRows
          first={[
            ["in no group", groups.inNoGroup, "What the groups do not explain of the activations"],
          ]}
          remainders={groups}
          score={groups.score}
        />
      )}
      <p class="aw-note">
        They explain {formatShare(groups.explained)} of the squared activations.
      </p>
    </>
  );
}

function GroupRow({
  state,
  groups,
  group,
  contribution,
  reach,
}: {
  state: OpenImage;
  groups: Groups;
  group: number;
  contribution: number | null;
  reach: number;
}) {
  const { store } = useWidget();
  const { looking } = state;
  const alone = looking.group.value === group;
  return (
    <li class="aw-channel-row" data-aw-group={group}>
      <button
        type="button"
        class="aw-unit-link"
        aria-pressed={alone}
        title="Show this group alone; again: all of them"
        style={{ "--aw-group": cssOf(groupColour(group)) }}
        onClick={() => {
          looking.group.value = alone ? null : group;
        }}
      >
        <span class="aw-group-picture">
          <CellPicture of={keyIn(groups.pictures, group)} size={PICTURE} />
        </span>
      </button>
      <div class="aw-channel-facts">
        <div class="aw-channel-line">
          <strong>Group {group}</strong>
          {contribution !== null && <span class="aw-bar-value">{formatValue(contribution)}</span>}
        </div>
        {contribution !== null && (
          <span class="aw-bar-track aw-diverging" aria-hidden="true">
            <Stretch
              class={`aw-bar ${contribution < 0 ? "aw-against" : "aw-for"}`}
              from={0.5}
              to={0.5 + contribution / reach / 2}
            />
          </span>
        )}
        <div class="aw-channel-line">
          <small />
          <button
            type="button"
            class="aw-link"
            title="Take this group out of the layer, and compare how the logits change with what attribution predicts"
            data-aw-try-group={group}
            disabled={!store.connected.value}
            onClick={() => state.tryWithout(groups.layer, { what: "group", numbers: [group] })}
          >
            Remove
          </button>
        </div>
      </div>
    </li>
  );
}
