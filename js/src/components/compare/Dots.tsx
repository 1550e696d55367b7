import { useLayoutEffect, useRef } from "preact/hooks";
import type { Places } from "../../compare/comparison";
import type { DotGroup } from "../../compare/dots";
import type { Box, Camera, Point, Size } from "../../geometry/geometry";
import { fitCamera, toAtlas } from "../../geometry/geometry";
import { useScrollBox } from "../useScrollBox";

const MARGIN = 10;
/** Dots shrink with the map, between these radii (CSS pixels). */
const SMALLEST = 1.1;
const LARGEST = 2.8;
/** How much of the other dots shows while some are marked. */
const DIM = 0.16;

/** Samples as dots on one map. */
export function Dots({
  places,
  groups,
  box,
  marked,
  label,
  onPoint,
}: {
  places: Places;
  groups: readonly DotGroup[];
  /** The part of the map that is shown. */
  box: Box;
  /** These stand out; null: all do. */
  marked: ReadonlySet<number> | null;
  label: string;
  /** The place under the pointer, and how much of the map a few pixels are; null: it left. */
  onPoint?: (point: Point | null, reach: number) => void;
}) {
  const holder = useRef<HTMLDivElement>(null);
  const canvas = useRef<HTMLCanvasElement>(null);
  const size: Size = useScrollBox(holder);
  const camera = fitCamera(box, size, MARGIN);
  useLayoutEffect(() => {
    const element = canvas.current;
    const context = element?.getContext("2d");
    if (!element || !context || size.width === 0) return;
    const ratio = window.devicePixelRatio || 1;
    element.width = Math.round(size.width * ratio); // clears it
    element.height = Math.round(size.height * ratio);
    context.scale(ratio, ratio);
    draw(context, places, groups, camera, marked);
  }, [places, groups, marked, size.width, size.height]);
  return (
    <div
      ref={holder}
      class="aw-dots"
      role="img"
      aria-label={label}
      onPointerMove={
        onPoint &&
        ((event) => {
          const edge = event.currentTarget.getBoundingClientRect();
          const at = { x: event.clientX - edge.left, y: event.clientY - edge.top };
          onPoint(toAtlas(camera, at), 8 / camera.k);
        })
      }
      onPointerLeave={onPoint && (() => onPoint(null, 0))}
    >
      <canvas ref={canvas} aria-hidden="true" />
    </div>
  );
}

function draw(
  context: CanvasRenderingContext2D,
  { x, y }: Places,
  groups: readonly DotGroup[],
  camera: Camera,
  marked: ReadonlySet<number> | null,
): void {
  const radius = Math.min(LARGEST, Math.max(SMALLEST, camera.k / 220));
  const paint = (wanted: (sample: number) => boolean, size: number) => {
    for (const { colour, samples } of groups) {
      context.fillStyle = colour;
      context.beginPath();
      for (const sample of samples) {
        if (!wanted(sample)) continue;
        const [left, top] = [x[sample] * camera.k + camera.x, y[sample] * camera.k + camera.y];
        context.moveTo(left + size, top);
        context.arc(left, top, size, 0, 2 * Math.PI);
      }
      context.fill();
    }
  };
  if (!marked) {
    context.globalAlpha = 0.85;
    paint(() => true, radius);
    return;
  }
  context.globalAlpha = DIM;
  paint((sample) => !marked.has(sample), radius);
  context.globalAlpha = 1;
  paint((sample) => marked.has(sample), radius * 1.5);
}
