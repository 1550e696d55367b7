import { useLayoutEffect, useRef } from "preact/hooks";
import type { Card } from "../cards";

/** The real image patches nearest to a cell's mean, cut from the card's strip. */
export function Crops({ card, size, limit }: { card: Card | null; size: number; limit: number }) {
  const count = Math.min(card?.crops ?? 0, limit);
  if (count === 0) return null;
  return (
    <div class="aw-crops">
      {Array.from({ length: count }, (_, index) => (
        <Crop key={index} card={card!} index={index} size={size} />
      ))}
    </div>
  );
}

function Crop({ card, index, size }: { card: Card; index: number; size: number }) {
  const canvas = useRef<HTMLCanvasElement>(null);
  useLayoutEffect(() => {
    const element = canvas.current;
    const context = element?.getContext("2d");
    if (!element || !context) return;
    const side = Math.round(size * (window.devicePixelRatio || 1));
    element.width = side;
    element.height = side;
    context.imageSmoothingQuality = "high";
    const { strip, tile } = card;
    if (strip) context.drawImage(strip, index * tile, 0, tile, tile, 0, 0, side, side);
  }, [card.strip, card.tile, index, size]);
  return (
    <canvas ref={canvas} style={{ width: `${size}px`, height: `${size}px` }} aria-hidden="true" />
  );
}
