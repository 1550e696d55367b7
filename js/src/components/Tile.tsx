import type { Canvas } from "../util/decode";
import { Drawing } from "./Drawing";

/** One square of a sheet of pictures: `side` pixels from `left` and `top` on. */
export function Tile({
  sheet,
  left,
  top = 0,
  side,
  size,
}: {
  /** None while it is not decoded. */
  sheet: Canvas | null;
  left: number;
  top?: number;
  side: number;
  /** CSS pixels. */
  size: number;
}) {
  return (
    <Drawing
      size={size}
      of={[sheet, left, top]}
      class="aw-crop"
      paint={(context, into) => {
        if (sheet) context.drawImage(sheet, left, top, side, side, 0, 0, into, into);
      }}
    />
  );
}
