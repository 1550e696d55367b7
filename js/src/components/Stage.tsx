import { useLayoutEffect, useRef } from "preact/hooks";
import type { Store } from "../store/store";
import { isSame, nameSubject } from "../store/subject";
import { plural } from "../util/numbers";
import { AtlasPlaceholder } from "./AtlasPlaceholder";
import { AcrossAxis, DownAxis } from "./Axes";
import { Banners } from "./Banners";
import { CopiedView } from "./CopiedView";
import { useWidget } from "./context";
import { HoverCard } from "./HoverCard";
import { Minimap } from "./Minimap";
import { NoteMarks } from "./notes/NoteMarks";
import { OverlayLegend } from "./OverlayLegend";
import { PhotoCard } from "./photo/PhotoCard";
import { PhotoDrop } from "./photo/PhotoDrop";
import { PhotoPins } from "./photo/PhotoPins";
import { Rail } from "./Rail";
import { RegionNames } from "./RegionNames";

/** The atlas itself, and what floats above it. */
export function Stage() {
  const { store, view } = useWidget();
  const awaited = describeAwaited(store);
  const stage = useRef<HTMLDivElement>(null);
  const base = useRef<HTMLCanvasElement>(null);
  const overlay = useRef<HTMLCanvasElement>(null);
  const holder = useRef<HTMLDivElement>(null);
  useLayoutEffect(() => view.attach(stage.current!, base.current!, overlay.current!), []);
  return (
    <div class="aw-stage-column">
      <AcrossAxis />
      <div ref={holder} class={`aw-stage-holder ${awaited ? "aw-outdated" : ""}`}>
        <div
          ref={stage}
          class={`aw-stage aw-tool-${view.tool.value} ${view.active.value ? "aw-over" : ""}`}
          data-aw-drawing={view.gesture.value?.kind ?? ""}
        >
          <canvas ref={base} aria-hidden="true" />
          <canvas ref={overlay} aria-hidden="true" />
        </div>
        <RegionNames />
        <NoteMarks />
        <PhotoPins />
        <DownAxis />
        <Rail />
        <AtlasPlaceholder />
        {awaited && (
          <p class="aw-awaited" role="status" data-aw-awaited>
            {awaited}
          </p>
        )}
        <div class="aw-dock">
          <OverlayLegend />
          <div class="aw-floats">
            <CopiedView />
            <SelectionChip />
          </div>
          <Minimap />
        </div>
        <PhotoCard />
        <HoverCard />
        <Banners />
        {store.can("photo") && <PhotoDrop target={holder} />}
      </div>
    </div>
  );
}

/** The atlas on show is not the one that was asked for: which is which; null once it is. */
function describeAwaited(store: Store): string | null {
  const layout = store.layout.value;
  const layer = store.traits.layer.value;
  const subject = store.traits.subject.value;
  if (!layout || !layer || !store.connected.value || store.status.value.stage === "error")
    return null;
  if (layout.layer !== layer) return `Still ${layout.layer} – ${layer} is being opened…`;
  if (isSame(layout.subject, subject)) return null;
  return `Still ${nameSubject(layout.subject)} – the atlas of ${nameSubject(subject)} is being made…`;
}

/** The number of selected cells, and buttons for them. */
function SelectionChip() {
  const { store, view } = useWidget();
  const { grid, cells } = store.selection.value;
  return (
    <div role="status">
      {cells.length > 0 && (
        <div class="aw-chip">
          <span>{plural(cells.length, "cell")} selected</span>
          <button
            type="button"
            class="aw-link"
            onClick={() => view.navigation.flyToCells(grid, cells)}
          >
            Zoom there
          </button>
          <button
            type="button"
            class="aw-link"
            title="Remove or add what these cells stand for, and see what the model does"
            data-aw-region-causes
            onClick={() => view.panels.tryRegion(grid, cells, view.choices)}
          >
            Causes
          </button>
          {store.can("notes") && (
            <button
              type="button"
              class="aw-link"
              title="Name this region"
              data-aw-note-selection
              onClick={() => view.notes.begin({ kind: "cells", grid, cells })}
            >
              Note
            </button>
          )}
          <button
            type="button"
            class="aw-link"
            data-aw-clear
            onClick={() => view.selecting.clear()}
          >
            Clear
          </button>
        </div>
      )}
    </div>
  );
}
