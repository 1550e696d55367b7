import type { ImageWork, OpenImage } from "../../image/open_image";
import { useWidget } from "../context";
import { WorkButton } from "../controls/WorkButton";

/** A button that begins a long computation about the image, its progress, or why it failed. */
export function ImageWorkButton({
  state,
  work,
  layer,
  ...rest
}: {
  state: OpenImage;
  work: ImageWork;
  layer: number;
  words: string;
  title: string;
  counts: readonly [one: string, many: string];
}) {
  const { store } = useWidget();
  return (
    <WorkButton
      {...rest}
      progress={state.works.value.get(work)}
      connected={store.connected.value}
      waiting={`${rest.words}…`}
      attributes={{
        progress: { "data-aw-image-work": work },
        stop: {},
        begin: { "data-aw-begin-image": work },
      }}
      onBegin={() => state.begin(work, layer)}
      onStop={() => state.stop(work)}
    />
  );
}
