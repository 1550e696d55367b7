import type { ComponentChildren } from "preact";
import { useLayoutEffect, useRef } from "preact/hooks";
import type { Inspection } from "../../store/inspections";
import { Progress } from "../controls/Progress";

/** One picture of those that are being optimised; before the first frame what lies behind it. */
export function LiveFrame({
  inspection,
  at = 0,
  label,
  children,
}: {
  inspection: Inspection | null;
  at?: number;
  label: string;
  children?: ComponentChildren;
}) {
  const canvas = useRef<HTMLCanvasElement>(null);
  const pictures = inspection?.pictures ?? null;
  useLayoutEffect(() => {
    const element = canvas.current;
    if (!element || !pictures) return;
    const side = pictures.height;
    element.width = side;
    element.height = side;
    element.getContext("2d")?.drawImage(pictures, at * side, 0, side, side, 0, 0, side, side);
  }, [pictures, at]);
  const { step, steps } = inspection ?? { step: 0, steps: 0 };
  return (
    <div class="aw-live">
      <div class="aw-live-frame">
        {children}
        <canvas
          ref={canvas}
          class={`aw-live-canvas ${pictures ? "aw-here" : ""}`}
          role="img"
          aria-label={label}
        />
      </div>
      <Progress share={steps > 0 ? step / steps : 0} />
    </div>
  );
}
