import { useSignal } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";
import { handleKey } from "../keys";
import { isDark, onThemeChange } from "../theme";
import { describePicture, describePlace, describeSamples } from "../words";
import { useWidget } from "./context";
import { DetailPanel } from "./DetailPanel";
import { Help } from "./Help";
import { Stage } from "./Stage";
import { StatusLine } from "./StatusLine";
import { Toolbar, toggleFullscreen } from "./Toolbar";

/** The whole widget: one focusable application that mirrors its state in attributes. */
export function Root() {
  const { store, view } = useWidget();
  const root = useRef<HTMLDivElement>(null);
  const help = useSignal(false);
  const keys = useSignal(false);
  const dark = useSignal(isDark());
  useEffect(
    () =>
      onThemeChange(() => {
        dark.value = isDark();
      }),
    [],
  );
  useEffect(() => view.recolour(), [dark.value]);
  void store.pictureVersion.value;
  const grid = view.grid;
  const counts = store.pictures.counts(grid?.size ?? 0);
  const error = store.banners.list.value.find((banner) => banner.tone === "error");
  const name = store.status.value.model;
  return (
    <div
      ref={root}
      class="aw-root"
      style={{ height: `${store.height.value}px` }}
      tabIndex={0}
      role="application"
      aria-roledescription="activation atlas"
      aria-label={`Activation atlas${name ? ` of ${name}` : ""}, layer ${store.layer.value}. Arrow keys move over cells, Enter opens one, ? lists the keys.`}
      data-lm-suppress-shortcuts="true"
      data-aw-theme={dark.value ? "dark" : "light"}
      data-aw-keys={String(keys.value)}
      data-aw-stage={store.status.value.stage}
      data-aw-connected={String(store.connected.value)}
      data-aw-revision={store.layout.value?.revision ?? -1}
      data-aw-level={view.level.value ?? ""}
      data-aw-cells={grid?.ids.length ?? 0}
      data-aw-crops={counts.crop}
      data-aw-rough={counts.rough}
      data-aw-final={counts.final}
      data-aw-selected={store.selection.value.cells.length}
      data-aw-opened={
        view.opened.value ? `${view.opened.value.grid}:${view.opened.value.cell}` : ""
      }
      data-aw-inspect-step={view.inspectStep.value}
      data-aw-error={error?.message ?? ""}
      onKeyUp={(event) => {
        if (event.key === "Tab") keys.value = true; // it came in from outside
      }}
      onFocusIn={(event) => {
        // Lumino looks at the focused element itself: every one of ours keeps its shortcuts off.
        (event.target as Element).setAttribute("data-lm-suppress-shortcuts", "true");
      }}
      onPointerDown={(event) => {
        keys.value = false;
        if ((event.target as Element).closest("button, input, [role=option]")) return;
        root.current?.focus({ preventScroll: true });
      }}
      onKeyDown={(event) => {
        keys.value = true;
        const handled = handleKey(event, view, {
          help,
          fullscreen: () => toggleFullscreen(root.current!),
          search: () => root.current?.querySelector<HTMLElement>("[data-aw-search]")?.focus(),
        });
        if (handled) event.preventDefault();
        // The notebook has a meaning for nearly every letter: none of them for it while we have
        // the focus. Tab and what the system needs still works, since only the bubbling ends.
        event.stopPropagation();
      }}
    >
      <Toolbar
        onHelp={() => {
          help.value = !help.value;
        }}
      />
      <div class="aw-body">
        <Stage />
        <DetailPanel />
        {help.value && (
          <Help
            onClose={() => {
              help.value = false;
            }}
          />
        )}
      </div>
      <StatusLine />
      <LiveCaption />
    </div>
  );
}

/** What a screen reader says of the cell that the keyboard reached. */
function LiveCaption() {
  const { store, view } = useWidget();
  const active = view.active.value;
  let words = "";
  if (active?.by === "keyboard") {
    const picture = store.pictures.get(active.grid, active.cell) ?? null;
    const label = store.label(active.grid, active.cell);
    words = [
      label ?? "no certain class",
      describePlace(active.grid, active.cell),
      describeSamples(store.grid(active.grid), active.cell),
      describePicture(picture),
    ].join(", ");
  }
  return (
    <div class="aw-hidden" aria-live="polite">
      {words}
    </div>
  );
}
