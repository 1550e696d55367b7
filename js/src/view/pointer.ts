import type { ReadonlySignal, Signal } from "@preact/signals";
import type { Camera, Point } from "../geometry/geometry";
import { cellAt, toAtlas } from "../geometry/geometry";
import type { Grid } from "../geometry/grids";
import type { ActivePlace, Place } from "../geometry/place";
import { type Combine, cellsInBox, cellsInPolygon, combineFor } from "../geometry/selection";
import { LongPress } from "./long_press";
import type { Navigation } from "./navigation";
import type { Selecting } from "./selecting";

export type Tool = "pan" | "rectangle" | "lasso";

/** The part of a view that the pointer acts on. */
export interface PointerHost {
  readonly tool: ReadonlySignal<Tool>;
  readonly camera: ReadonlySignal<Camera>;
  readonly gesture: Signal<AreaGesture | null>;
  readonly active: Signal<ActivePlace | null>;
  readonly opened: Signal<Place | null>;
  readonly selecting: Selecting;
  readonly navigation: Pick<Navigation, "zoomBy">;
  shownGrid(): Grid | null;
  placeAt(point: Point): Place | null;
}

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

/** Moves shorter than this after a click are not the user's: what is under the pointer moved. */
const STILL = 4;
/** The time after drawing an area in which a finger's touch is no tap (ms). */
const AFTER_AREA = 400;

/** Hover, click and the drawing of areas on the stage; moving the camera is d3's. */
export function listenToPointer(stage: HTMLElement, view: PointerHost): () => void {
  let openedAt = Number.NEGATIVE_INFINITY;
  let drawnAt = Number.NEGATIVE_INFINITY;
  let drawing = -1;
  /** The place of the click that opened a cell, until the pointer leaves it. */
  let clicked: { x: number; y: number } | null = null;
  const at = (event: MouseEvent): Point => {
    const box = stage.getBoundingClientRect();
    return { x: event.clientX - box.left, y: event.clientY - box.top };
  };

  const begin = (event: PointerEvent, how: Combine) => {
    drawing = event.pointerId;
    stage.setPointerCapture(event.pointerId);
    const kind = view.tool.peek() === "lasso" ? "lasso" : "rectangle";
    view.gesture.value = { kind, points: [toAtlas(view.camera.peek(), at(event))], how };
  };
  // A finger that rests begins a rectangle: there is no Shift to hold.
  const press = new LongPress((event) => begin(event, "add"));

  const onMove = (event: PointerEvent) => {
    press.move(event);
    if (view.gesture.peek()) {
      if (event.pointerId === drawing) extend(view, at(event));
      return;
    }
    if (event.buttons !== 0 || event.pointerType === "touch") return;
    if (clicked) {
      if (Math.hypot(event.clientX - clicked.x, event.clientY - clicked.y) < STILL) return;
      clicked = null;
    }
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
    if (event.button !== 0) return;
    press.down(event);
    if (press.count > 1) {
      view.gesture.value = null; // two fingers zoom
    } else if (selecting) {
      press.end();
      event.preventDefault();
      begin(event, combineFor(event));
    }
  };
  const onUp = (event: PointerEvent) => {
    press.up(event);
    if (!view.gesture.peek() || event.pointerId !== drawing) return;
    drawnAt = event.timeStamp;
    finish(view);
  };
  const onCancel = (event: PointerEvent) => {
    press.up(event);
    view.gesture.value = null;
  };
  const onTouchMove = (event: TouchEvent) => {
    if (view.gesture.peek()) event.stopPropagation(); // the finger draws, d3 does not pan
  };
  const onMenu = (event: MouseEvent) => {
    if (press.count > 0 || view.gesture.peek()) event.preventDefault();
  };
  const onClick = (event: MouseEvent) => {
    // The drawn area has done it.
    if (view.tool.peek() !== "pan" || event.shiftKey) return;
    if (event.timeStamp - drawnAt < AFTER_AREA) return;
    const place = view.placeAt(at(event));
    if (!place) {
      view.opened.value = null;
    } else if (event.ctrlKey || event.metaKey) {
      view.selecting.toggle(place.cell);
    } else if (event.detail <= 1) {
      openedAt = event.timeStamp;
      clicked = { x: event.clientX, y: event.clientY };
      view.active.value = null;
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
  stage.addEventListener("touchmove", onTouchMove, { signal, capture: true });
  stage.addEventListener("contextmenu", onMenu, { signal });
  return () => {
    abort.abort();
    press.end();
  };
}

function extend(view: PointerHost, point: Point): void {
  const gesture = view.gesture.peek()!;
  const next = toAtlas(view.camera.peek(), point);
  const points =
    gesture.kind === "rectangle" ? [gesture.points[0], next] : [...gesture.points, next];
  view.gesture.value = { ...gesture, points };
}

function finish(view: PointerHost): void {
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
