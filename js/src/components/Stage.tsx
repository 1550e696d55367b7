import { useLayoutEffect, useRef } from "preact/hooks";
import { plural } from "../words";
import { Banners } from "./Banners";
import { useWidget } from "./context";
import { HoverCard } from "./HoverCard";
import { Icon } from "./icons";
import { Minimap } from "./Minimap";
import { OverlayLegend } from "./OverlayLegend";

/** The atlas itself, and what floats above it. */
export function Stage() {
  const { store, view } = useWidget();
  const stage = useRef<HTMLDivElement>(null);
  const base = useRef<HTMLCanvasElement>(null);
  const overlay = useRef<HTMLCanvasElement>(null);
  useLayoutEffect(() => view.attach(stage.current!, base.current!, overlay.current!), []);
  const selected = store.selection.value;
  const ways: [string, string, () => void][] = [
    ["plus", "Zoom in (+)", () => view.navigation.zoomBy(1.7)],
    ["minus", "Zoom out (−)", () => view.navigation.zoomBy(1 / 1.7)],
    ["home", "All of the atlas (0)", () => view.navigation.home()],
  ];
  return (
    <div class="aw-stage-holder">
      <div
        ref={stage}
        class={`aw-stage aw-tool-${view.tool.value} ${view.active.value ? "aw-over" : ""}`}
      >
        <canvas ref={base} aria-hidden="true" />
        <canvas ref={overlay} aria-hidden="true" />
      </div>
      <div class="aw-zoom aw-group">
        {ways.map(([icon, title, act]) => (
          <button
            key={icon}
            type="button"
            class="aw-button"
            title={title}
            aria-label={title}
            data-aw-zoom={icon}
            onClick={act}
          >
            <Icon name={icon} />
          </button>
        ))}
      </div>
      <Placeholder />
      <OverlayLegend />
      <Minimap />
      {selected.cells.length > 0 && (
        <div class="aw-chip" role="status">
          <span>{plural(selected.cells.length, "cell")} selected</span>
          <button
            type="button"
            class="aw-link"
            onClick={() => view.navigation.flyToCells(selected.grid, selected.cells)}
          >
            zoom there
          </button>
          <button
            type="button"
            class="aw-link"
            data-aw-clear
            onClick={() => view.selecting.clear()}
          >
            clear
          </button>
        </div>
      )}
      <HoverCard />
      <Banners />
    </div>
  );
}

/** Before there is anything to draw: say so, rather than an empty box. */
function Placeholder() {
  const { store } = useWidget();
  const status = store.status.value;
  const layout = store.layout.value;
  if (layout?.grids.some((grid) => grid.ids.length > 0)) return null;
  if (status.stage === "error" || status.stage === "closed") return null;
  return (
    <div class="aw-placeholder" aria-hidden="true">
      <div class="aw-placeholder-grid">
        {Array.from({ length: 25 }, (_, at) => (
          <i key={at} style={{ animationDelay: `${((at % 5) + Math.floor(at / 5)) * 90}ms` }} />
        ))}
      </div>
    </div>
  );
}
