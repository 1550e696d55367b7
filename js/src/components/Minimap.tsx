import { useLayoutEffect, useRef } from "preact/hooks";
import { clamp, viewportOf } from "../geometry/geometry";
import { useWidget } from "./context";
import { percent } from "./Stretch";

const SIDE = 116;

/** The whole atlas in small with the part in view; dragging moves the view. Hidden at home. */
export function Minimap() {
  const { store, view } = useWidget();
  const canvas = useRef<HTMLCanvasElement>(null);
  void store.pictureVersion.value;
  const grid = store.layout.value?.grids[0];
  const hidden = view.navigation.atHome.value || !grid;
  useLayoutEffect(() => {
    const element = canvas.current;
    const context = element?.getContext("2d");
    if (!element || !context || !grid || hidden) return;
    const side = Math.round(SIDE * (window.devicePixelRatio || 1));
    element.width = side;
    element.height = side;
    const slot = side / grid.size;
    const { crop, rough, final } = store.pictures.counts(grid.group);
    if (crop + rough + final < grid.ids.length) {
      context.fillStyle = getComputedStyle(element).color;
      for (const cell of grid.ids) {
        if (store.pictures.get(grid.key(cell))) continue;
        context.fillRect(
          (cell % grid.size) * slot,
          Math.floor(cell / grid.size) * slot,
          slot,
          slot,
        );
      }
    }
    const all = { col0: 0, row0: 0, cols: grid.size, rows: grid.size };
    store.pictures.drawSmall(context, grid.size, all, 0, 0, side, side);
  }, [store.pictureVersion.value, grid, hidden]);

  if (!grid || hidden) return null;
  const [x0, y0, x1, y1] = viewportOf(view.camera.value, view.size.value).map((v) =>
    clamp(v, 0, 1),
  );
  const moveTo = (event: PointerEvent) => {
    const box = (event.currentTarget as Element).getBoundingClientRect();
    view.navigation.centreOn({
      x: (event.clientX - box.left) / box.width,
      y: (event.clientY - box.top) / box.height,
    });
  };
  return (
    <div
      class="aw-minimap"
      aria-hidden="true"
      onPointerDown={(event) => {
        event.stopPropagation();
        event.currentTarget.setPointerCapture(event.pointerId);
        moveTo(event);
      }}
      onPointerMove={(event) => {
        if (event.buttons === 1) moveTo(event);
      }}
    >
      <canvas ref={canvas} style={{ width: `${SIDE}px`, height: `${SIDE}px` }} />
      <div
        class="aw-minimap-view"
        style={{
          left: percent(x0),
          top: percent(y0),
          width: percent(x1 - x0),
          height: percent(y1 - y0),
        }}
      />
    </div>
  );
}
