import { useSignal } from "@preact/signals";
import type { RefObject } from "preact";
import { useEffect, useRef } from "preact/hooks";
import type { Store } from "../../store/store";
import { useWidget } from "../context";
import { IconButton } from "../controls/IconButton";

/** Takes photos that are dropped on `target`, or pasted while the widget has the focus. */
export function PhotoDrop({ target }: { target: RefObject<HTMLElement | null> }) {
  const { store, host } = useWidget();
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
    const on = (name: string, handle: (event: DragEvent) => void) =>
      element?.addEventListener(
        name,
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
      void placeFirst(store, dataTransfer?.files);
    });
    host.addEventListener(
      "paste",
      (event) => {
        const files = event.clipboardData?.files;
        if (!files?.length) return;
        event.preventDefault();
        event.stopPropagation();
        void placeFirst(store, files);
      },
      { signal },
    );
    return () => abort.abort();
  }, []);
  if (!over.value) return null;
  return (
    <div class="aw-drop" role="status">
      <p>Drop the photo to see where it falls on the map</p>
    </div>
  );
}

/** Opens the dialog for a file. */
export function PhotoButton() {
  const { store } = useWidget();
  const input = useRef<HTMLInputElement>(null);
  return (
    <>
      <IconButton
        icon="photo"
        class="aw-quiet"
        title="Where does a photo fall on the map? Choose one, drop it on the map or paste it"
        label="Place a photo"
        disabled={!store.connected.value || !store.layout.value?.final}
        data-aw-place-photo
        onClick={() => input.current?.click()}
      />
      <input
        ref={input}
        type="file"
        accept="image/*"
        hidden
        data-aw-photo-file
        onChange={(event) => {
          void placeFirst(store, event.currentTarget.files);
          event.currentTarget.value = ""; // the same file may be chosen again
        }}
      />
    </>
  );
}

async function placeFirst(store: Store, files: FileList | null | undefined): Promise<void> {
  const file = files?.[0];
  if (!file) return;
  if (!store.layout.peek()?.final) {
    store.banners.say("The photo can be placed once the layout is final.");
    return;
  }
  try {
    await store.photo.place(file, file.name);
  } catch {
    store.banners.say(`“${file.name}” is no image that this browser can read.`);
  }
}
