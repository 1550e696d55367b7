import { useLayoutEffect, useRef } from "preact/hooks";
import { useWidget } from "./context";

/** The picture of a cell, as good as it is here now. */
export function CellPicture({ grid, cell, size }: { grid: number; cell: number; size: number }) {
  const { store } = useWidget();
  const canvas = useRef<HTMLCanvasElement>(null);
  void store.pictureVersion.value;
  const picture = store.pictures.get(grid, cell);
  useLayoutEffect(() => {
    const element = canvas.current;
    const context = element?.getContext("2d");
    if (!element || !context) return;
    const side = Math.round(size * (window.devicePixelRatio || 1));
    element.width = side;
    element.height = side;
    context.imageSmoothingQuality = "high";
    if (picture) store.pictures.draw(context, picture, 0, 0, side);
  });
  return (
    <canvas
      ref={canvas}
      class="aw-picture"
      style={{ width: `${size}px`, height: `${size}px` }}
      aria-hidden="true"
    />
  );
}
