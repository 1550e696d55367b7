import { useSignal } from "@preact/signals";
import { COMPARE_VIEW } from "../compare/comparisons";
import type { Stage } from "../store/traits";
import { describeStatus } from "../store/traits";
import { FIRST_VIEW } from "../store/view_registry";
import { formatCount, plural } from "../util/numbers";
import { useWidget } from "./context";
import { Popup } from "./controls/Popup";
import { Progress } from "./controls/Progress";
import { FirstSteps } from "./FirstSteps";
import { StateMark } from "./StateMark";

const AT_REST: readonly string[] = ["idle", "error", "closed"] satisfies Stage[];

/** Always there: what happens, how far it is, how long it takes still; and what the marks mean. */
export function StatusLine() {
  const { store, view } = useWidget();
  const status = store.status.value;
  const layout = store.layout.value;
  const grid = view.grid;
  const shown = layout &&
    grid && { cells: grid.ids.length, samples: layout.samples, images: layout.images };
  const onAtlas = view.showing.value === FIRST_VIEW;
  // Pictures of cells rest while another view is in sight: what that one draws it says itself.
  const drawsCells = onAtlas || view.showing.value === COMPARE_VIEW;
  const stage = !drawsCells && status.stage === "pictures" ? "idle" : status.stage;
  const busy = !AT_REST.includes(stage) && store.connected.value;
  const words = store.connected.value
    ? describeStatus({ ...status, stage }, shown)
    : `No kernel · ${describeStatus({ ...status, stage: "idle" }, shown)}`;
  const share = busy && status.total > 0 ? status.done / status.total : null;
  return (
    <div class="aw-status">
      <Progress share={share} label="Progress" class={busy ? "" : "aw-at-rest"} />
      <span class="aw-status-text" title={busy ? words : undefined}>
        {!store.can("live") && "Saved page, without a kernel · "}
        {words}
      </span>
      {busy && status.shorter.length > 0 && <Shorter ways={status.shorter} />}
      <Notices />
      {onAtlas && <FirstSteps />}
      {onAtlas && <Legend />}
    </div>
  );
}

/** What would take less time, behind a question. */
function Shorter({ ways }: { ways: readonly string[] }) {
  const open = useSignal(false);
  const close = () => {
    open.value = false;
  };
  return (
    <div class="aw-holder aw-shorter">
      <button
        type="button"
        class="aw-link"
        aria-expanded={open.value}
        data-aw-shorter
        onClick={() => {
          open.value = !open.value;
        }}
        onKeyDown={(event) => {
          if (event.key !== "Escape" || !open.value) return;
          event.stopPropagation();
          close();
        }}
      >
        shorter?
      </button>
      {open.value && (
        <Popup onClose={close}>
          <p class="aw-note">Takes less time:</p>
          {ways.map((words) => (
            <p class="aw-note" key={words}>
              {words}
            </p>
          ))}
        </Popup>
      )}
    </div>
  );
}

/** Notices that folded away. */
function Notices() {
  const { banners } = useWidget().store;
  const count = banners.list.value.filter((banner) => banner.tone === "notice").length;
  if (count === 0 || banners.noticesOpen.value) return null;
  return (
    <button type="button" class="aw-link aw-notices" onClick={() => banners.openNotices(null)}>
      {plural(count, "note")}
    </button>
  );
}

/** The legend of the marks, with how many pictures of the grid in view carry them. */
function Legend() {
  const { store, view } = useWidget();
  void store.pictureVersion.value;
  const grid = view.grid;
  if (!grid) return null;
  const counts = store.pictures.counts(grid.group);
  const entries = [
    {
      tone: "crop",
      words: "real crops",
      count: counts.crop,
      tip: "Real image crops: the one nearest to the cell’s mean, until its picture is made",
    },
    {
      tone: "rough",
      words: "rough",
      count: counts.rough,
      tip: "Feature inversions after a first, short pass",
    },
    {
      tone: "final",
      words: "final",
      count: counts.final - counts.doubtful,
      tip: "Finished feature inversions",
    },
    {
      tone: "doubtful",
      words: "doubtful",
      count: counts.doubtful,
      tip: "Finished, but the layer does not see this cell in it: low cosine, or nearer to another cell",
    },
  ] as const;
  return (
    <ul class="aw-legend" aria-label="Pictures by state">
      {entries
        .filter((entry) => entry.count > 0)
        .map((entry) => (
          <li key={entry.tone} title={entry.tip}>
            <StateMark tone={entry.tone} />
            {formatCount(entry.count)} <span>{entry.words}</span>
          </li>
        ))}
    </ul>
  );
}
