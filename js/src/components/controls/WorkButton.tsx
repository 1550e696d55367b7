import { plural } from "../../util/numbers";
import { Progress } from "./Progress";

/** A long computation, as far as it is; `total` 0: that is not known yet. */
export interface WorkProgress {
  done: number;
  total: number;
  failed: string;
}

/** A button that begins a long computation, its progress with a button to stop it, or its failure. */
export function WorkButton({
  progress,
  connected,
  ready = true,
  words,
  waiting,
  title,
  counts,
  attributes,
  onBegin,
  onStop,
}: {
  /** Undefined while it does not run. */
  progress: WorkProgress | undefined;
  connected: boolean;
  /** It can be begun. */
  ready?: boolean;
  words: string;
  /** Said until the first step is done. */
  waiting: string;
  title: string;
  counts: readonly [one: string, many: string];
  /** Of the progress, the button that stops it and the one that begins it. */
  attributes: {
    progress: Record<string, string>;
    stop: Record<string, string>;
    begin: Record<string, string>;
  };
  onBegin: () => void;
  onStop: () => void;
}) {
  if (progress && !progress.failed && !isDone(progress) && connected) {
    const { done, total } = progress;
    return (
      <div class="aw-task" role="status" {...attributes.progress}>
        <span>{total > 0 ? `${done} of ${plural(total, ...counts)}…` : waiting}</span>
        <button type="button" class="aw-link" {...attributes.stop} onClick={onStop}>
          Stop
        </button>
        <Progress share={total > 0 ? done / total : null} />
      </div>
    );
  }
  return (
    <div>
      {progress?.failed && (
        <p class="aw-note aw-task-failed" role="alert">
          {progress.failed}
        </p>
      )}
      <button
        type="button"
        class="aw-button"
        title={title}
        disabled={!connected || !ready}
        {...attributes.begin}
        onClick={onBegin}
      >
        {words}
      </button>
    </div>
  );
}

const isDone = ({ done, total }: WorkProgress) => total > 0 && done >= total;
