import { useLayoutEffect, useRef } from "preact/hooks";
import { type Pin, pinsOf } from "../../geometry/pins";
import type { PlacedPhoto } from "../../store/photo";
import { useWidget } from "../context";

/** Diameters (CSS pixels) of a pin with one position, and with many. */
const LEAST = 24;
const MOST = 40;
const TURN = 2 * Math.PI;

/** On the map: where the photo's positions fall, each with its part of the photo. */
export function PhotoPins() {
  const { store, view } = useWidget();
  const canvas = useRef<HTMLCanvasElement>(null);
  const photo = store.photo.placed.value;
  const level = view.level.value;
  const { width, height } = view.size.value;
  const camera = view.camera.value;
  const looked = view.photoPosition.value;
  useLayoutEffect(() => {
    const element = canvas.current;
    const context = element?.getContext("2d");
    if (!element || !context) return;
    const ratio = window.devicePixelRatio || 1;
    element.width = Math.round(width * ratio); // clears it
    element.height = Math.round(height * ratio);
    if (!photo?.picture || level === null) return;
    context.scale(ratio, ratio);
    context.imageSmoothingQuality = "high";
    const style = getComputedStyle(element);
    const colours = {
      ring: "#fff",
      accent: style.getPropertyValue("--aw-accent"),
      text: style.getPropertyValue("--aw-on-accent"),
    };
    const isLooked = (pin: Pin) => looked !== null && pin.positions.includes(looked);
    const pins = pinsOf(photo.positions, level);
    // The one that is looked at lies above the others, larger groups below smaller ones.
    pins.sort(
      (a, b) =>
        Number(isLooked(a)) - Number(isLooked(b)) || b.positions.length - a.positions.length,
    );
    for (const pin of pins) {
      const x = pin.x * camera.k + camera.x;
      const y = pin.y * camera.k + camera.y;
      context.globalAlpha = looked !== null && !isLooked(pin) ? 0.45 : 1;
      drawPin(context, photo, pin, x, y, isLooked(pin) ? looked : null, colours);
    }
  }, [photo, level, camera, width, height, looked]);
  if (!photo) return null;
  return <canvas ref={canvas} class="aw-pins" aria-hidden="true" data-aw-pins />;
}

interface Colours {
  ring: string;
  accent: string;
  text: string;
}

function drawPin(
  context: CanvasRenderingContext2D,
  photo: PlacedPhoto,
  pin: Pin,
  x: number,
  y: number,
  looked: number | null,
  colours: Colours,
): void {
  const count = pin.positions.length;
  const grown = looked === null ? 1 : 1.5;
  const size = grown * Math.min(MOST, LEAST + 3 * (count - 1));
  const shown = photo.positions[looked ?? pin.positions[0]];
  const unusual = pin.positions.every((at) => photo.positions[at].unusual);
  context.save();
  context.shadowColor = "rgba(0, 0, 0, 0.45)";
  context.shadowBlur = 5;
  context.shadowOffsetY = 1;
  context.beginPath();
  context.arc(x, y, size / 2 + 2, 0, TURN);
  context.fillStyle = looked === null ? colours.ring : colours.accent;
  context.fill();
  context.restore();
  context.save();
  context.beginPath();
  context.arc(x, y, size / 2, 0, TURN);
  context.clip();
  drawPart(context, photo, shown, x - size / 2, y - size / 2, size);
  context.restore();
  if (unusual) {
    context.save();
    context.setLineDash([3, 3]);
    context.lineWidth = 2;
    context.strokeStyle = "#1f2937";
    context.beginPath();
    context.arc(x, y, size / 2 + 1, 0, TURN);
    context.stroke();
    context.restore();
  }
  if (count > 1) drawCount(context, count, x + size * 0.36, y - size * 0.36, colours);
}

/** The part of the photo about a position. */
function drawPart(
  context: CanvasRenderingContext2D,
  { picture, rows, columns }: PlacedPhoto,
  { row, column }: { row: number; column: number },
  left: number,
  top: number,
  size: number,
): void {
  if (!picture) return;
  // A little more than its share of the map, so that one recognises something.
  const side = Math.min(1, Math.max(0.2, 1.8 / Math.min(rows, columns))) * picture.width;
  const start = (at: number, length: number) =>
    Math.min(picture.width - side, Math.max(0, ((at + 0.5) / length) * picture.width - side / 2));
  const [sx, sy] = [start(column, columns), start(row, rows)];
  context.drawImage(picture as CanvasImageSource, sx, sy, side, side, left, top, size, size);
}

function drawCount(
  context: CanvasRenderingContext2D,
  count: number,
  x: number,
  y: number,
  { accent, text }: Colours,
): void {
  context.font = "600 10px system-ui, sans-serif";
  context.textAlign = "center";
  context.textBaseline = "middle";
  context.beginPath();
  context.arc(x, y, 7.5, 0, TURN);
  context.fillStyle = accent;
  context.fill();
  context.fillStyle = text;
  context.fillText(String(count), x, y + 0.5);
}
