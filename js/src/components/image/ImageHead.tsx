import type { Opened } from "../../image/answers";
import type { OpenImage } from "../../image/open_image";
import { useWidget } from "../context";
import { CloseButton, IconButton } from "../controls/IconButton";
import { FileButton } from "../photo/FileButton";
import { Problem } from "./NoImage";
import { openFile } from "./opening";

/** The name of the image, what there is to say of it, and buttons to open another one. */
export function ImageHead({ state, opened }: { state: OpenImage; opened: Opened }) {
  const { store } = useWidget();
  const connected = store.connected.value;
  return (
    <header class="aw-image-head">
      <div class="aw-image-title">
        <strong title={opened.name}>{opened.name || "Image"}</strong>
        <FileButton data-aw-image-file onFile={(file) => void openFile(state, file)}>
          {(open) => (
            <IconButton
              icon="photo"
              title="Open another image; or drop or paste one"
              label="Open another image"
              disabled={!connected}
              data-aw-choose-image
              onClick={open}
            />
          )}
        </FileButton>
        <CloseButton
          title="Close the image"
          label="Close the image"
          onClose={() => state.close()}
        />
      </div>
      {state.awaited.value !== null && (
        <p class="aw-note" role="status">
          Reading…
        </p>
      )}
      {!connected && <p class="aw-note">The kernel has stopped; what was computed stays here.</p>}
      <Problem state={state} />
    </header>
  );
}
