import type { OpenImage } from "../../image/open_image";
import { useWidget } from "../context";
import { ImageStrip } from "../ImageStrip";
import { FileButton } from "../photo/FileButton";
import { openFile } from "./opening";

/** In place of an image that is not open: ways to open one. */
export function NoImage({ state }: { state: OpenImage }) {
  const { store } = useWidget();
  const connected = store.connected.value;
  const awaited = state.awaited.value;
  if (!connected) return <p class="aw-units-empty">Reading an image needs a running kernel.</p>;
  if (!store.layout.value) {
    return (
      <p class="aw-units-empty">Images can be opened once the layer’s activations are collected…</p>
    );
  }
  if (awaited !== null) {
    return (
      <p class="aw-units-empty" role="status">
        Reading {awaited ? `“${awaited}”` : "the image"} in several layers…
      </p>
    );
  }
  return (
    <div class="aw-image-none">
      <h2>One image through the layers</h2>
      <p>
        What each layer sees at each position of an image, and what of it leads to which class. Drop
        an image here, paste one, or
      </p>
      <FileButton data-aw-image-file onFile={(file) => void openFile(state, file)}>
        {(open) => (
          <button
            type="button"
            class="aw-button aw-choose-image"
            data-aw-choose-image
            onClick={open}
          >
            Choose an image…
          </button>
        )}
      </FileButton>
      <Problem state={state} />
      <p>or take one of the atlas’s own:</p>
      <ImageStrip
        label="Image to open"
        chosen={null}
        onChoose={(image, name) => state.openSource(image, name)}
      />
    </div>
  );
}

/** Why the last image could not be opened. */
export function Problem({ state }: { state: OpenImage }) {
  const problem = state.problem.value;
  if (problem === "") return null;
  return (
    <p class="aw-note aw-task-failed" role="alert" data-aw-image-problem>
      {problem}
    </p>
  );
}
