import { useEffect, useRef } from "preact/hooks";
import type { Opened } from "../../image/answers";
import { IMAGE_VIEW, type OpenImage } from "../../image/open_image";
import { useWidget } from "../context";
import { FileDrop } from "../photo/FileDrop";
import { BesideImage } from "./BesideImage";
import { DrawnRow } from "./DrawnRow";
import { FlowStrip } from "./FlowStrip";
import { ImageClasses } from "./ImageClasses";
import { ImageHead } from "./ImageHead";
import { InputImage } from "./InputImage";
import { LayerGrids } from "./LayerGrids";
import { LayerTables } from "./LayerTables";
import { NoImage } from "./NoImage";
import { showPlaces } from "./on_atlas";
import { openFile } from "./opening";
import { PositionPanel } from "./PositionPanel";
import { TryIt } from "./TryIt";
import { useAnswers } from "./useAnswers";

/** One image through the layers: what each sees of it, and what that leads to. */
export function ImageView({ state }: { state: OpenImage }) {
  const { store, view } = useWidget();
  const holder = useRef<HTMLDivElement>(null);
  const shown = view.showing.value === IMAGE_VIEW;
  const connected = store.connected.value;
  const revision = store.layout.value?.revision ?? -1;
  useEffect(() => {
    if (shown && connected && revision >= 0) state.prepare(revision);
  }, [shown, connected, revision]);
  const opened = state.opened.value;
  return (
    <div ref={holder} class="aw-image-holder">
      {opened ? <Reading state={state} opened={opened} shown={shown} /> : <NoImage state={state} />}
      <FileDrop
        target={holder}
        view={IMAGE_VIEW}
        words="Drop the image to see it through the layers"
        onFile={(file) => void openFile(state, file)}
      />
    </div>
  );
}

function Reading({ state, opened, shown }: { state: OpenImage; opened: Opened; shown: boolean }) {
  const widget = useWidget();
  const { looking } = state;
  const section = useRef<HTMLElement>(null);
  useAnswers(state, opened, shown);
  // The keys are for the view as soon as it is there, unless a control has them.
  useEffect(() => {
    const root = section.current?.getRootNode() as ShadowRoot | undefined;
    if (shown && !root?.activeElement) section.current?.focus({ preventScroll: true });
  }, [shown, opened.serial]);
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.altKey || event.ctrlKey || event.metaKey) return;
    const target = event.target as Element;
    if (target.matches("input, select, textarea")) return;
    const { layers } = opened;
    let handled = true;
    if (event.key === "[" || event.key === "]") {
      looking.stepLayer(event.key === "[" ? -1 : 1, layers);
    } else if (target.matches("[role=radio], [role=option], [role=menuitem]")) {
      handled = false; // the arrows are the group's own
    } else if (looking.step(event.key, layers)) {
      // done
    } else if (event.key === "Enter" && !target.matches("button, a")) {
      const at = looking.pinned.peek();
      if (at) looking.pin(at);
    } else if (event.key === "a" || event.key === "A") {
      showPlaces(widget, state);
    } else if (event.key === "Escape" && looking.tracing.peek()) {
      looking.tracing.value = false;
    } else {
      handled = false;
    }
    if (!handled) return;
    event.preventDefault();
    event.stopPropagation();
  };
  return (
    <section
      ref={section}
      class="aw-image"
      tabIndex={-1}
      aria-label={`${opened.name || "Image"} through ${opened.layers.length} layers. Arrow keys move the position, brackets change the layer, Enter traces it, A shows it on the atlas.`}
      data-aw-image-serial={opened.serial}
      onKeyDown={onKeyDown}
    >
      <div class="aw-image-left">
        <ImageHead state={state} opened={opened} />
        <InputImage state={state} opened={opened} />
        <ImageClasses state={state} opened={opened} />
        {opened.notes.length > 0 && (
          <section class="aw-image-block" data-aw-image-notes={opened.notes.length}>
            {opened.notes.map((note) => (
              <p key={note} class="aw-note">
                {note}
              </p>
            ))}
          </section>
        )}
        <BesideImage state={state} opened={opened} />
      </div>
      <div class="aw-image-middle">
        <LayerGrids state={state} opened={opened} />
        <TryIt state={state} opened={opened} />
        <FlowStrip state={state} opened={opened} />
        <DrawnRow state={state} opened={opened} />
      </div>
      <div class="aw-image-right">
        <LayerTables state={state} opened={opened} />
        <PositionPanel state={state} opened={opened} />
      </div>
    </section>
  );
}
