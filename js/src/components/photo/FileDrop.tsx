import { useSignal } from "@preact/signals";
import type { RefObject } from "preact";
import { useEffect } from "preact/hooks";
import { useWidget } from "../context";

/** Takes files that are dropped on `target`, or pasted while the widget has the focus. */
export function FileDrop({
  target,
  view: name,
  words,
  onFile,
}: {
  target: RefObject<HTMLElement | null>;
  /** The view that it belongs to: while another one is shown, nothing is taken. */
  view: string;
  /** Over the target, while something is dragged there. */
  words: string;
  onFile: (file: File) => void;
}) {
  const { view, host } = useWidget();
  const over = useSignal(false);
  useEffect(() => {
    const abort = new AbortController();
    const { signal } = abort;
    const element = target.current;
    // What is dragged over a child leaves its parent first: only the last leaving counts.
    let entered = 0;
    const leave = () => {
      entered = 0;
      over.value = false;
    };
    const on = (kind: string, handle: (event: DragEvent) => void) =>
      element?.addEventListener(
        kind,
        (event) => {
          const drag = event as DragEvent;
          if (!drag.dataTransfer?.types.includes("Files")) return;
          drag.preventDefault();
          drag.stopPropagation(); // the notebook would open the file
          handle(drag);
        },
        { signal },
      );
    on("dragenter", () => {
      entered++;
      over.value = true;
    });
    on("dragover", ({ dataTransfer }) => {
      if (dataTransfer) dataTransfer.dropEffect = "copy";
    });
    on("dragleave", () => {
      entered--;
      if (entered <= 0) leave();
    });
    on("drop", ({ dataTransfer }) => {
      leave();
      const file = dataTransfer?.files[0];
      if (file) onFile(file);
    });
    host.addEventListener(
      "paste",
      (event) => {
        const file = event.clipboardData?.files[0];
        if (!file || view.showing.peek() !== name) return;
        event.preventDefault();
        event.stopPropagation();
        onFile(file);
      },
      { signal },
    );
    return () => abort.abort();
  }, []);
  if (!over.value) return null;
  return (
    <div class="aw-drop" role="status">
      <p>{words}</p>
    </div>
  );
}
