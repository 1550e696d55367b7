import { useEffect, useRef } from "preact/hooks";
import { rove } from "../keyboard/roving";
import { FIRST_VIEW } from "../store/view_registry";
import { copyView } from "../view/copy_view";
import type { Tool } from "../view/pointer";
import { useWidget } from "./context";
import { IconButton } from "./controls/IconButton";
import { ExportMenu } from "./ExportMenu";
import { LayerPicker } from "./LayerPicker";
import { NotesButton } from "./notes/NotesButton";
import { OverlayMenu } from "./OverlayMenu";
import { PhotoButton } from "./photo/PhotoDrop";
import { SearchBox } from "./SearchBox";
import { SelectMenu } from "./SelectMenu";
import { SubjectMenu, SubjectName } from "./SubjectMenu";
import { ViewSwitch } from "./ViewSwitch";

const TOOLS: [Tool, string][] = [
  ["pan", "Pan and open cells (P)"],
  ["rectangle", "Select a rectangle (R); Shift adds, Alt removes"],
  ["lasso", "Select with a lasso (L); Shift adds, Alt removes"],
];

/** The line above the atlas: which layer, which grid, which tool, and what to do with it. */
export function Toolbar({ onHelp }: { onHelp: () => void }) {
  const { store, view, host } = useWidget();
  const element = useRef<HTMLDivElement>(null);
  useEffect(() => rove(element.current!, "horizontal"), []);
  const { model } = store.status.value;
  return (
    <div ref={element} class="aw-toolbar" role="toolbar" aria-label="Atlas">
      <LayerPicker />
      {model && store.traits.subject.value.length === 0 && (
        <span class="aw-model" title={model}>
          {model}
        </span>
      )}
      <ViewSwitch />
      {view.showing.value === FIRST_VIEW ? <AtlasTools /> : <span class="aw-spring" />}
      <NotesButton />
      <IconButton
        icon="fullscreen"
        class="aw-quiet aw-fullscreen"
        title="Full screen (F)"
        label="Full screen"
        onClick={() => toggleFullscreen(host)}
      />
      <IconButton
        icon="help"
        class="aw-quiet aw-keys"
        title="Keys (?)"
        label="Keys"
        onClick={onHelp}
      />
    </div>
  );
}

/** The tools of the atlas, while it is shown. */
function AtlasTools() {
  const { store, view } = useWidget();
  return (
    <>
      {store.can("layers") ? <SubjectMenu /> : <SubjectName />}
      <span class="aw-spring" />
      <SearchBox />
      <span class="aw-break" />
      <Levels />
      <div class="aw-group">
        <div class="aw-tools" role="radiogroup" aria-label="Tool">
          {TOOLS.map(([tool, title]) => (
            <IconButton
              key={tool}
              icon={tool}
              role="radio"
              class=""
              title={title}
              aria-checked={view.tool.value === tool}
              data-aw-tool={tool}
              onClick={() => {
                view.tool.value = tool;
              }}
            />
          ))}
        </div>
        <SelectMenu />
      </div>
      <OverlayMenu />
      {store.can("python") && <ExportMenu />}
      {store.can("photo") && <PhotoButton />}
      <IconButton
        icon="link"
        class="aw-quiet aw-copy-view"
        title={
          store.can("python")
            ? "Copy a line of Python that returns to this view (C)"
            : "Copy a link to this view (C)"
        }
        label="Copy this view"
        data-aw-copy-view
        onClick={() => void copyView(view)}
      />
    </>
  );
}

export function toggleFullscreen(host: HTMLElement): void {
  if (document.fullscreenElement) void document.exitFullscreen();
  else void host.requestFullscreen?.().catch(() => {});
}

/** Grids by zoom, or one of them fixed. */
function Levels() {
  const { store, view } = useWidget();
  const grids = store.layout.value?.grids ?? [];
  if (grids.length < 2) return null;
  const mode = view.levelMode.value;
  return (
    <div class="aw-group" role="radiogroup" aria-label="Grid">
      <button
        type="button"
        role="radio"
        class="aw-button"
        title="Finer grids as you zoom in (G)"
        aria-checked={mode === "auto"}
        data-aw-level-mode="auto"
        onClick={() => view.setLevelMode("auto")}
      >
        Auto
      </button>
      {grids.map((grid) => (
        <button
          key={grid.size}
          type="button"
          role="radio"
          class={`aw-button ${view.level.value === grid.size ? "aw-showing" : ""}`}
          title={`Always the ${grid.size} × ${grid.size} grid (${grid.ids.length} cells)`}
          aria-checked={mode === grid.size}
          data-aw-level-mode={grid.size}
          onClick={() => view.setLevelMode(grid.size)}
        >
          {grid.size}
        </button>
      ))}
    </div>
  );
}
