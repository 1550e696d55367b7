import type { Card } from "../store/cards";
import { Tile } from "./Tile";

/** The real image patches nearest to a cell's mean, cut from the card's strip. */
export function Crops({ card, size, limit }: { card: Card | null; size: number; limit: number }) {
  const count = Math.min(card?.crops ?? 0, limit);
  if (!card || count === 0) return null;
  return (
    <div class="aw-crops">
      {Array.from({ length: count }, (_, index) => (
        <Crop key={index} card={card} index={index} size={size} />
      ))}
    </div>
  );
}

export function Crop({ card, index, size }: { card: Card; index: number; size: number }) {
  const { strip, tile } = card;
  return <Tile sheet={strip} left={index * tile} side={tile} size={size} />;
}
