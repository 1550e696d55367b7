import type { Point } from "./geometry";
import { cellAt, toAtlas } from "./geometry";
import { type Combine, cellsInBox, cellsInPolygon } from "./selection";
import type { View } from "./view";

/** An area being drawn: a rectangle by two corners or a lasso, in atlas units. */
export interface AreaGesture {
  kind: "rectangle" | "lasso";
  points: Point[];
  how: Combine;
}

/** Shorter drags are clicks. */
const CLICK = 4;
/** A second click this soon (ms) makes a double click of the first. */
const DOUBLE = 700;

/** Hover, click and the drawing of areas on the stage; moving the camera is d3's. */
export function listenToPointer(stage: HTMLElement, view: View): () => void {
  let openedAt = Number.NEGATIVE_INFINITY;
  const at = (event: MouseEvent): Point => {
    const box = stage.getBoundingClientRect();
    return { x: event.clientX - box.left, y: event.clientY - box.top };
  };

  const onMove = (event: PointerEvent) => {
    if (view.gesture.peek()) {
      extend(view, at(event));
      return;
    }
    if (event.buttons !== 0 || event.pointerType === "touch") return;
    const place = view.placeAt(at(event));
    const now = view.active.peek();
    if (place?.cell === now?.cell && place?.grid === now?.grid && now?.by !== "keyboard") return;
    view.active.value = place && { ...place, by: "pointer" };
  };
  const onLeave = () => {
    if (view.active.peek()?.by === "pointer") view.active.value = null;
  };
  const onDown = (event: PointerEvent) => {
    const selecting = view.tool.peek() !== "pan" || event.shiftKey;
    if (event.button !== 0 || !selecting) return;
    event.preventDefault();
    stage.setPointerCapture(event.pointerId);
    const kind = view.tool.peek() === "lasso" ? "lasso" : "rectangle";
    const how: Combine = event.altKey ? "remove" : event.shiftKey ? "add" : "replace";
    view.gesture.value = { kind, points: [toAtlas(view.camera.peek(), at(event))], how };
  };
  const onUp = () => finish(view);
  const onCancel = () => {
    view.gesture.value = null;
  };
  const onClick = (event: MouseEvent) => {
    if (view.tool.peek() !== "pan" || event.shiftKey) return; // the drawn area has done it
    const place = view.placeAt(at(event));
    if (!place) {
      view.opened.value = null;
    } else if (event.ctrlKey || event.metaKey) {
      view.selecting.toggle(place.cell);
    } else if (event.detail <= 1) {
      openedAt = event.timeStamp;
      view.opened.value = place;
    }
  };
  const onDouble = (event: MouseEvent) => {
    if (view.tool.peek() !== "pan") return;
    // The first click of the two opened a cell, which was not meant.
    if (event.timeStamp - openedAt < DOUBLE) view.opened.value = null;
    view.navigation.zoomBy(event.shiftKey ? 0.5 : 2, at(event));
  };

  const abort = new AbortController();
  const { signal } = abort;
  stage.addEventListener("pointermove", onMove, { signal });
  stage.addEventListener("pointerleave", onLeave, { signal });
  stage.addEventListener("pointerdown", onDown, { signal });
  stage.addEventListener("pointerup", onUp, { signal });
  stage.addEventListener("pointercancel", onCancel, { signal });
  stage.addEventListener("click", onClick, { signal });
  stage.addEventListener("dblclick", onDouble, { signal });
  return () => abort.abort();
}

function extend(view: View, point: Point): void {
  const gesture = view.gesture.peek()!;
  const next = toAtlas(view.camera.peek(), point);
  const points =
    gesture.kind === "rectangle" ? [gesture.points[0], next] : [...gesture.points, next];
  view.gesture.value = { ...gesture, points };
}

function finish(view: View): void {
  const gesture = view.gesture.peek();
  const grid = view.shownGrid();
  view.gesture.value = null;
  if (!gesture || !grid) return;
  const { points, kind, how } = gesture;
  const [first, last] = [points[0], points[points.length - 1]];
  const { k } = view.camera.peek();
  const reach = Math.max(...points.map((p) => Math.hypot(p.x - first.x, p.y - first.y))) * k;
  if (reach < CLICK) {
    const cell = cellAt(first, grid.size);
    view.selecting.select(grid.has(cell) ? [cell] : [], how);
  } else if (kind === "rectangle") {
    view.selecting.select(cellsInBox(grid, [first.x, first.y, last.x, last.y]), how);
  } else {
    view.selecting.select(cellsInPolygon(grid, points), how);
  }
}
