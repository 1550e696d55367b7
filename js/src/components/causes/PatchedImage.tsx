import type { Signal } from "@preact/signals";
import { useRef } from "preact/hooks";
import { describePatch, fitted, movedByKey, type PatchPlace, resized } from "../../causes/patch";
import type { Place } from "../../geometry/place";
import { useWidget } from "../context";
import { percent } from "../Stretch";
import { WholeImage } from "../WholeImage";
import { PatchPicture } from "./PatchPicture";

const SHARPNESS = 128; // pixels in which the patch is drawn, whatever its size

/** An image with a patch on it, which is dragged and resized by pointer and by keys. */
export function PatchedImage({
  image,
  place,
  crop,
  at,
}: {
  image: number | null;
  place: Place;
  crop: number;
  at: Signal<PatchPlace>;
}) {
  const { store } = useWidget();
  void store.causes.version.value;
  const frame = useRef<HTMLDivElement>(null);
  const known = image === null ? null : store.causes.picture(image);
  const picture = known?.picture ?? null;
  const drag = (event: PointerEvent, move: (x: number, y: number) => void) => {
    if (event.button !== 0) return;
    // The widget takes the focus for what is pressed elsewhere.
    event.stopPropagation();
    event.preventDefault();
    const target = event.currentTarget as HTMLElement;
    const box = frame.current!.getBoundingClientRect();
    target.closest<HTMLElement>(".aw-patch")?.focus({ preventScroll: true });
    target.setPointerCapture(event.pointerId);
    const follow = (next: PointerEvent) =>
      move((next.clientX - box.left) / box.width, (next.clientY - box.top) / box.height);
    const abort = new AbortController();
    const { signal } = abort;
    target.addEventListener("pointermove", follow, { signal });
    for (const end of ["pointerup", "pointercancel"] as const) {
      target.addEventListener(end, () => abort.abort(), { signal });
    }
  };
  const { x, y, size } = at.value;
  return (
    <div ref={frame} class="aw-patched">
      <WholeImage image={picture} label={known?.name ?? "No image yet"} />
      {picture && (
        <div
          class="aw-patch"
          role="application"
          aria-roledescription="patch"
          aria-label={describePatch(at.value)}
          tabIndex={0}
          data-aw-patch
          style={{
            left: percent(x - size / 2),
            top: percent(y - size / 2),
            width: percent(size),
            height: percent(size),
          }}
          onPointerDown={(event) => {
            const { left, top, width, height } = frame.current!.getBoundingClientRect();
            const before = at.peek();
            const dx = (event.clientX - left) / width - before.x;
            const dy = (event.clientY - top) / height - before.y;
            drag(event, (px, py) => {
              at.value = fitted({ ...at.peek(), x: px - dx, y: py - dy });
            });
          }}
          onKeyDown={(event) => {
            if (event.ctrlKey || event.metaKey || event.altKey) return;
            const next = movedByKey(at.peek(), event.key, event.shiftKey);
            if (!next) return;
            event.preventDefault();
            event.stopPropagation();
            at.value = next;
          }}
        >
          <PatchPicture place={place} crop={crop} size={SHARPNESS} />
          <span
            class="aw-patch-corner"
            aria-hidden="true"
            onPointerDown={(event) => {
              const start = at.peek();
              drag(event, (px, py) => {
                at.value = resized(start, px, py);
              });
            }}
          />
        </div>
      )}
      {!picture && (
        <p class="aw-note">{image === null ? "Choose an image below." : "Reading the image…"}</p>
      )}
    </div>
  );
}
