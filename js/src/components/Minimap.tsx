import { useLayoutEffect, useMemo, useRef } from "preact/hooks";
import { clamp, viewportOf } from "../geometry/geometry";
import { useWidget } from "./context";
import { percent } from "./Stretch";

const LONGER_SIDE = 140;

/** The columns and rows in which a grid has cells: a layout is seldom square. */
function occupied(ids: Int32Array, size: number) {
  const cols = Array.from(ids, (cell) => cell % size);
  const rows = Array.from(ids, (cell) => Math.floor(cell / size));
  const [col0, row0] = [Math.min(...cols), Math.min(...rows)];
  return {
    col0,
    row0,
    cols: Math.max(...cols) - col0 + 1,
    rows: Math.max(...rows) - row0 + 1,
  };
}

/** The whole atlas in small with the part in view; dragging moves the view. Hidden at home. */
export function Minimap() {
  const { store, view } = useWidget();
  const canvas = useRef<HTMLCanvasElement>(null);
  void store.pictureVersion.value;
  const grid = store.layout.value?.grids[0];
  const hidden = view.navigation.atHome.value || !grid?.ids.length;
  const all = useMemo(() => grid && occupied(grid.ids, grid.size), [grid]);
  const scale = all ? LONGER_SIDE / Math.max(all.cols, all.rows) : 1;
  const width = all ? Math.round(all.cols * scale) : 0;
  const height = all ? Math.round(all.rows * scale) : 0;
  useLayoutEffect(() => {
    const element = canvas.current;
    const context = element?.getContext("2d");
    if (!element || !context || !grid || !all || hidden) return;
    const ratio = window.devicePixelRatio || 1;
    element.width = Math.round(width * ratio);
    element.height = Math.round(height * ratio);
    const slot = element.width / all.cols;
    const { crop, rough, final } = store.pictures.counts(grid.group);
    if (crop + rough + final < grid.ids.length) {
      context.fillStyle = getComputedStyle(element).color;
      for (const cell of grid.ids) {
        if (store.pictures.get(grid.key(cell))) continue;
        context.fillRect(
          ((cell % grid.size) - all.col0) * slot,
          (Math.floor(cell / grid.size) - all.row0) * slot,
          slot,
          slot,
        );
      }
    }
    store.pictures.drawSmall(context, grid.size, all, 0, 0, element.width, element.height);
  }, [store.pictureVersion.value, grid, all, width, height, hidden]);

  if (!grid || !all || hidden) return null;
  const across = (x: number) => clamp((x * grid.size - all.col0) / all.cols, 0, 1);
  const down = (y: number) => clamp((y * grid.size - all.row0) / all.rows, 0, 1);
  const [left, top, right, bottom] = viewportOf(view.camera.value, view.size.value);
  const [x0, y0, x1, y1] = [across(left), down(top), across(right), down(bottom)];
  const moveTo = (event: PointerEvent) => {
    const box = (event.currentTarget as Element).getBoundingClientRect();
    view.navigation.centreOn({
      x: (all.col0 + ((event.clientX - box.left) / box.width) * all.cols) / grid.size,
      y: (all.row0 + ((event.clientY - box.top) / box.height) * all.rows) / grid.size,
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
      <canvas ref={canvas} style={{ width: `${width}px`, height: `${height}px` }} />
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
