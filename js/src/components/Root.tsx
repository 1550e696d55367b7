import { useSignal } from "@preact/signals";
import { useEffect, useLayoutEffect } from "preact/hooks";
import { keyOf } from "../geometry/place";
import { keepFocus } from "../keyboard/kept_focus";
import type { KeyActions } from "../keyboard/keymap";
import { closeOne, handleKey } from "../keyboard/keys";
import { targetOf } from "../page/host";
import { cellGroup } from "../protocol/picture_key";
import { NO_CERTAIN_CLASS } from "../store/classes";
import { writeOverlay } from "../store/overlay_choice";
import { copyView } from "../view/copy_view";
import { useWidget } from "./context";
import { useDark } from "./dark";
import { HeightHandle } from "./HeightHandle";
import { Help } from "./Help";
import { NotesPanel } from "./notes/NotesPanel";
import { StatusLine } from "./StatusLine";
import { Toolbar, toggleFullscreen } from "./Toolbar";
import { ShownView } from "./ViewSwitch";
import { describePicture, describePlace, describeSamples } from "./words";

/** The whole widget: one focusable application that mirrors its state in attributes. */
export function Root() {
  const { store, view, host } = useWidget();
  const help = useSignal(false);
  /** While the lower border is dragged, this view alone follows. */
  const dragged = useSignal<number | null>(null);
  const height = dragged.value ?? store.traits.height.value;
  const dark = useDark();
  useHostAttributes(dark);
  useEffect(() => view.recolour(), [dark]);
  useEffect(() => {
    const abort = new AbortController();
    const { signal } = abort;
    const byKeys = (keys: boolean) => {
      host.dataset.awKeys = String(keys);
    };
    byKeys(false);
    host.addEventListener(
      "keyup",
      (event) => {
        if (event.key === "Tab") byKeys(true); // it came in from outside
      },
      { signal },
    );
    host.addEventListener(
      "pointerdown",
      (event) => {
        byKeys(false);
        if (!targetOf(event).closest("button, input, [role=option]")) {
          host.focus({ preventScroll: true });
        }
      },
      { signal },
    );
    host.addEventListener("keydown", () => byKeys(true), { signal, capture: true });
    const actions: KeyActions = {
      help: () => {
        help.value = !help.value;
      },
      fullscreen: () => toggleFullscreen(host),
      search: () => host.shadowRoot?.querySelector<HTMLElement>("[data-aw-search]")?.focus(),
      copyView: () => void copyView(view),
      close: () => {
        const open = view.panels.shown.peek().length;
        const closed = closeOne(view, help);
        // What had the focus may be gone with its panel.
        if (view.panels.shown.peek().length < open) host.focus({ preventScroll: true });
        return closed || takeFocus(host);
      },
    };
    host.addEventListener(
      "keydown",
      (event) => {
        const handled = handleKey(event, view, actions);
        if (handled) event.preventDefault();
        // The notebook has a meaning for nearly every letter: none of them for it while we have
        // the focus. Tab and what the system needs still works, since only the bubbling ends.
        event.stopPropagation();
      },
      { signal },
    );
    const forget = keepFocus(host, host.shadowRoot!);
    return () => {
      abort.abort();
      forget();
    };
  }, []);
  return (
    <div class="aw-frame" style={{ height: `${height}px` }}>
      <Toolbar
        onHelp={() => {
          help.value = !help.value;
        }}
      />
      <div class="aw-body">
        <ShownView />
        <NotesPanel />
        {help.value && (
          <Help
            onClose={() => {
              help.value = false;
              host.focus({ preventScroll: true });
            }}
          />
        )}
      </div>
      <StatusLine />
      {store.can("python") && (
        <HeightHandle
          height={height}
          onDrag={(wanted) => {
            dragged.value = wanted;
          }}
          onEnd={(wanted) => {
            dragged.value = null;
            store.traits.setHeight(wanted);
          }}
        />
      )}
      <LiveCaption />
    </div>
  );
}

/** Escape at last leads from a control back to the cells. */
function takeFocus(host: HTMLElement): boolean {
  if (!host.shadowRoot?.activeElement) return false;
  host.focus({ preventScroll: true });
  return true;
}

/** Mirror the state in the host's attributes, for the page and for assistive technology. */
function useHostAttributes(dark: boolean): void {
  const { store, view, host } = useWidget();
  void store.pictureVersion.value;
  const grid = view.grid;
  const opened = view.opened.value;
  const counts = store.pictures.counts(grid?.group ?? cellGroup(0));
  const status = store.status.value;
  const error = store.banners.list.value.find((banner) => banner.tone === "error");
  const of = status.model ? ` of ${status.model}` : "";
  const attributes: Record<string, string | number | boolean> = {
    tabindex: 0,
    role: "application",
    "aria-roledescription": "activation atlas",
    "aria-label": `Activation atlas${of}, layer ${store.traits.layer.value}. Arrow keys move over cells, Enter opens one, ? lists the keys.`,
    // Lumino looks at the focused element: none of its shortcuts while it is this one.
    "data-lm-suppress-shortcuts": true,
    "data-aw-theme": dark ? "dark" : "light",
    "data-aw-stage": status.stage,
    "data-aw-overlay": writeOverlay(store.overlay.value, store.classes.names.value),
    "data-aw-connected": store.connected.value,
    "data-aw-revision": store.layout.value?.revision ?? -1,
    "data-aw-level": view.level.value ?? "",
    "data-aw-cells": grid?.ids.length ?? 0,
    "data-aw-crops": counts.crop,
    "data-aw-rough": counts.rough,
    "data-aw-final": counts.final,
    "data-aw-memory": JSON.stringify(store.pictures.memory),
    "data-aw-selected": store.selection.value.cells.length,
    "data-aw-opened": opened ? `${opened.grid}:${opened.cell}` : "",
    "data-aw-pinned": view.panels.pinned.value.map(({ grid, cell }) => `${grid}:${cell}`).join(" "),
    "data-aw-inspect-step": view.panels.step.value,
    "data-aw-error": error?.message ?? "",
  };
  useLayoutEffect(() => {
    for (const [name, value] of Object.entries(attributes)) {
      if (host.getAttribute(name) !== String(value)) host.setAttribute(name, String(value));
    }
  });
}

/** The words of a screen reader for the cell that the keyboard reached. */
function LiveCaption() {
  const { store, view } = useWidget();
  const active = view.active.value;
  let words = "";
  if (active?.by === "keyboard") {
    const picture = store.pictures.get(keyOf(active)) ?? null;
    const label = store.label(keyOf(active));
    const grid = store.grid(active.grid);
    const selection = store.selection.value;
    const shown = grid && view.overlays.words(grid, active.cell);
    words = [
      label ?? NO_CERTAIN_CLASS,
      ...(shown ? [shown] : []),
      describePlace(active.grid, active.cell),
      describeSamples(grid, active.cell),
      describePicture(picture, store.can("live")),
      ...(selection.grid === active.grid && selection.cells.includes(active.cell)
        ? ["selected"]
        : []),
    ].join(", ");
  }
  return (
    <div class="aw-hidden" aria-live="polite">
      {words}
    </div>
  );
}
