import { useLayoutEffect, useRef } from "preact/hooks";
import type { Canvas } from "../util/decode";

/** An image as it is, pixel for pixel; styles give it its size. */
export function WholeImage({ image, label }: { image: Canvas | null; label: string }) {
  const canvas = useRef<HTMLCanvasElement>(null);
  useLayoutEffect(() => {
    const element = canvas.current;
    if (!element || !image) return;
    element.width = image.width;
    element.height = image.height;
    element.getContext("2d")?.drawImage(image, 0, 0);
  }, [image]);
  return <canvas ref={canvas} role="img" aria-label={label} />;
}
