import { useLayoutEffect, useRef } from "preact/hooks";

/** A square canvas, as sharp as the screen; painted again whenever one of `of` is another. */
export function Drawing({
  size,
  of,
  paint,
  class: name,
  state,
}: {
  /** CSS pixels. */
  size: number;
  of: readonly unknown[];
  /** `side` is in the canvas's own pixels. */
  paint: (context: CanvasRenderingContext2D, side: number) => void;
  class?: string;
  /** What it shows, for whoever waits for it. */
  state?: string;
}) {
  const canvas = useRef<HTMLCanvasElement>(null);
  useLayoutEffect(() => {
    const element = canvas.current;
    const context = element?.getContext("2d");
    if (!element || !context) return;
    const side = Math.round(size * (window.devicePixelRatio || 1));
    element.width = side; // clears it
    element.height = side;
    context.imageSmoothingQuality = "high";
    paint(context, side);
  }, [size, ...of]);
  return (
    <canvas
      ref={canvas}
      class={name}
      style={{ width: `${size}px`, height: `${size}px` }}
      aria-hidden="true"
      data-aw-drawn={state}
    />
  );
}
