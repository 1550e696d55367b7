import type { RefObject } from "preact";
import type { Store } from "../../store/store";
import { FIRST_VIEW } from "../../store/view_registry";
import { useWidget } from "../context";
import { IconButton } from "../controls/IconButton";
import { FileButton } from "./FileButton";
import { FileDrop } from "./FileDrop";

/** Places photos that are dropped on the atlas, or pasted while it is shown. */
export function PhotoDrop({ target }: { target: RefObject<HTMLElement | null> }) {
  const { store } = useWidget();
  return (
    <FileDrop
      target={target}
      view={FIRST_VIEW}
      words="Drop the photo to see where it falls on the map"
      onFile={(file) => void place(store, file)}
    />
  );
}

/** Opens the dialog for a file. */
export function PhotoButton() {
  const { store } = useWidget();
  return (
    <FileButton data-aw-photo-file onFile={(file) => void place(store, file)}>
      {(open) => (
        <IconButton
          icon="photo"
          class="aw-quiet"
          title="Where does a photo fall on the map? Choose one, drop it on the map or paste it"
          label="Place a photo"
          disabled={!store.connected.value || !store.layout.value?.final}
          data-aw-place-photo
          onClick={open}
        />
      )}
    </FileButton>
  );
}

async function place(store: Store, file: File): Promise<void> {
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
