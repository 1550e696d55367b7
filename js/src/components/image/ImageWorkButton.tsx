import type { ImageWork, OpenImage } from "../../image/open_image";
import { plural } from "../../util/numbers";
import { useWidget } from "../context";
import { Progress } from "../controls/Progress";

/** A button that begins a long computation about the image, its progress, or why it failed. */
export function ImageWorkButton({
  state,
  work,
  layer,
  words,
  title,
  counts,
}: {
  state: OpenImage;
  work: ImageWork;
  layer: number;
  words: string;
  title: string;
  counts: readonly [one: string, many: string];
}) {
  const { store } = useWidget();
  const now = state.works.value.get(work);
  const connected = store.connected.value;
  if (now && !now.failed && connected && !(now.total > 0 && now.done >= now.total)) {
    return (
      <div class="aw-task" role="status" data-aw-image-work={work}>
        <span>
          {now.total > 0 ? `${now.done} of ${plural(now.total, ...counts)}…` : `${words}…`}
        </span>
        <button type="button" class="aw-link" onClick={() => state.stop(work)}>
          Stop
        </button>
        <Progress share={now.total > 0 ? now.done / now.total : null} />
      </div>
    );
  }
  return (
    <div>
      {now?.failed && (
        <p class="aw-note aw-task-failed" role="alert">
          {now.failed}
        </p>
      )}
      <button
        type="button"
        class="aw-button"
        title={title}
        disabled={!connected}
        data-aw-begin-image={work}
        onClick={() => state.begin(work, layer)}
      >
        {words}
      </button>
    </div>
  );
}
