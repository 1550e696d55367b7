import type { Camera, Point, Size } from "../geometry/geometry";
import { cellBox } from "../geometry/geometry";
import { outline } from "../geometry/selection";
import type { Colors } from "../page/theme";

export interface OverlayScene {
  camera: Camera;
  size: Size;
  ratio: number;
  colors: Colors;
  /** Cells that stand out; the others are veiled. */
  selection: { grid: number; cells: readonly number[] } | null;
  /** Cells found by the search, veiling the others; the selection is drawn above. */
  found: { grid: number; cells: ReadonlySet<number> } | null;
  active: { grid: number; cell: number; strong: boolean } | null;
  /** The cells in the panels: one, or two that are compared, A and B. */
  opened: readonly { grid: number; cell: number }[];
  gesture: { kind: "rectangle" | "lasso"; points: readonly Point[] } | null;
  /** Places of samples on the atlas plane; none where this is left out. */
  dots?: readonly Point[];
}

/** The radius of a sample’s place (CSS pixels). */
const DOT = 3.5;

export function isEmpty(scene: OverlayScene): boolean {
  const { selection, found, active, opened, gesture, dots } = scene;
  const marked = selection?.cells.length || active || opened.length || dots?.length;
  return !(marked || found || gesture);
}

/** Draws what changes with the pointer, above the pictures: they need no redraw for it. */
export function drawOverlay(context: CanvasRenderingContext2D, scene: OverlayScene): void {
  const { ratio, camera } = scene;
  context.setTransform(1, 0, 0, 1, 0, 0);
  context.clearRect(0, 0, context.canvas.width, context.canvas.height);
  context.scale(ratio, ratio);
  context.lineJoin = "round";
  context.lineCap = "round";
  if (scene.found) veil(context, scene, scene.found.grid, scene.found.cells);
  if (scene.selection && scene.selection.cells.length > 0) drawSelection(context, scene);
  if (scene.opened.length === 1) frame(context, scene, scene.opened[0], 2.5);
  else for (const [number, at] of scene.opened.entries()) frameCompared(context, scene, at, number);
  if (scene.active) frame(context, scene, scene.active, scene.active.strong ? 3 : 2);
  if (scene.dots) drawDots(context, scene, scene.dots);
  if (scene.gesture) drawGesture(context, scene, camera);
}

/** Each with a border of its own: many at one place are seen to be many. */
function drawDots(
  context: CanvasRenderingContext2D,
  { camera, colors }: OverlayScene,
  dots: readonly Point[],
): void {
  context.fillStyle = colors.accent;
  context.strokeStyle = colors.halo;
  context.lineWidth = 1.25;
  for (const { x, y } of dots) {
    context.beginPath();
    context.arc(x * camera.k + camera.x, y * camera.k + camera.y, DOT, 0, 2 * Math.PI);
    context.fill();
    context.stroke();
  }
}

function veil(
  context: CanvasRenderingContext2D,
  scene: OverlayScene,
  grid: number,
  cells: Iterable<number>,
): void {
  const { camera, size, colors } = scene;
  context.beginPath();
  context.rect(0, 0, size.width, size.height);
  for (const cell of cells) {
    const box = cellBox(cell, grid);
    const side = camera.k / grid;
    // Wound the other way round, so that the non-zero rule leaves them out.
    const [x, y] = [box[0] * camera.k + camera.x, box[1] * camera.k + camera.y];
    context.moveTo(x, y);
    context.lineTo(x, y + side);
    context.lineTo(x + side, y + side);
    context.lineTo(x + side, y);
    context.closePath();
  }
  context.fillStyle = colors.veil;
  context.fill();
}

function drawSelection(context: CanvasRenderingContext2D, scene: OverlayScene): void {
  const { camera, colors } = scene;
  const { grid, cells } = scene.selection!;
  if (!scene.found) veil(context, scene, grid, cells);
  const slot = camera.k / grid;
  context.beginPath();
  for (const [x0, y0, x1, y1] of outline(cells, grid)) {
    context.moveTo(x0 * slot + camera.x, y0 * slot + camera.y);
    context.lineTo(x1 * slot + camera.x, y1 * slot + camera.y);
  }
  context.strokeStyle = colors.halo;
  context.lineWidth = 4.5;
  context.stroke();
  context.strokeStyle = colors.accent;
  context.lineWidth = 2.25;
  context.stroke();
}

/** One of two cells that are compared, with the letter and the colour of its panel. */
function frameCompared(
  context: CanvasRenderingContext2D,
  scene: OverlayScene,
  at: { grid: number; cell: number },
  number: number,
): void {
  const { camera, colors } = scene;
  const color = number === 0 ? colors.first : colors.other;
  frame(context, scene, at, 2.5, color);
  const [x, y] = cellBox(at.cell, at.grid);
  const [left, top] = [x * camera.k + camera.x - 5, y * camera.k + camera.y - 5];
  const side = 14;
  context.beginPath();
  context.roundRect(left, top, side, side, 4);
  context.fillStyle = color;
  context.fill();
  context.fillStyle = colors.onPair;
  context.font = "700 10px system-ui, sans-serif";
  context.textAlign = "center";
  context.textBaseline = "middle";
  context.fillText("AB"[number], left + side / 2, top + side / 2 + 0.5);
}

function frame(
  context: CanvasRenderingContext2D,
  scene: OverlayScene,
  at: { grid: number; cell: number },
  width: number,
  color = scene.colors.accent,
): void {
  const { camera, colors } = scene;
  const box = cellBox(at.cell, at.grid);
  const x = box[0] * camera.k + camera.x;
  const y = box[1] * camera.k + camera.y;
  const side = camera.k / at.grid;
  context.beginPath();
  context.roundRect(x - 0.5, y - 0.5, side + 1, side + 1, 2);
  context.strokeStyle = colors.halo;
  context.lineWidth = width + 2.5;
  context.stroke();
  context.strokeStyle = color;
  context.lineWidth = width;
  context.stroke();
}

function drawGesture(context: CanvasRenderingContext2D, scene: OverlayScene, camera: Camera): void {
  const { kind, points } = scene.gesture!;
  if (points.length < 2) return;
  const place = (point: Point) => ({
    x: point.x * camera.k + camera.x,
    y: point.y * camera.k + camera.y,
  });
  const first = place(points[0]);
  const last = place(points[points.length - 1]);
  context.beginPath();
  if (kind === "rectangle") {
    context.rect(first.x, first.y, last.x - first.x, last.y - first.y);
  } else {
    context.moveTo(first.x, first.y);
    for (const point of points) {
      const { x, y } = place(point);
      context.lineTo(x, y);
    }
    context.closePath();
  }
  context.fillStyle = scene.colors.accent;
  context.globalAlpha = 0.14;
  context.fill();
  context.globalAlpha = 1;
  context.strokeStyle = scene.colors.halo;
  context.lineWidth = 3.5;
  context.stroke();
  context.setLineDash([6, 4]);
  context.strokeStyle = scene.colors.accent;
  context.lineWidth = 1.75;
  context.stroke();
  context.setLineDash([]);
}
