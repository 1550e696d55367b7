import type { ComponentChildren } from "preact";
import { useEffect, useLayoutEffect, useRef } from "preact/hooks";
import { rove } from "../../keyboard/roving";
import { targetOf } from "../../page/host";

/** The margin between a popup and the edge of the widget (CSS pixels). */
const MARGIN = 6;

/** A box below its button that closes on Escape and on a press elsewhere. */
export function Popup({
  onClose,
  class: name = "",
  children,
}: {
  onClose: () => void;
  class?: string;
  children: ComponentChildren;
}) {
  const element = useRef<HTMLDivElement>(null);
  useEffect(() => {
    const onPress = (event: Event) => {
      // The button itself is in the same holder and toggles on its own.
      if (!element.current?.parentElement?.contains(targetOf(event))) onClose();
    };
    document.addEventListener("pointerdown", onPress, true);
    return () => document.removeEventListener("pointerdown", onPress, true);
  }, []);
  useLayoutEffect(() => {
    const menu = element.current?.querySelector<HTMLElement>("[role=menu]");
    const end = menu && rove(menu, "vertical");
    const first =
      menu?.querySelector<HTMLElement>("[aria-checked=true]") ??
      menu?.querySelector<HTMLElement>("button:not(:disabled)");
    first?.focus({ preventScroll: true });
    return () => {
      end?.();
      // Whoever was in here goes back to where they came from.
      const root = element.current?.getRootNode() as ShadowRoot | undefined;
      if (element.current?.contains(root?.activeElement ?? null)) {
        element.current.parentElement?.querySelector("button")?.focus({ preventScroll: true });
      }
    };
  }, []);
  // Whatever it holds now, it stays within the widget.
  useLayoutEffect(() => {
    const box = element.current;
    const frame = box?.closest(".aw-frame")?.getBoundingClientRect();
    if (!box || !frame) return;
    box.style.translate = "";
    const { left, right } = box.getBoundingClientRect();
    const out =
      Math.min(frame.right - MARGIN - right, 0) || Math.max(frame.left + MARGIN - left, 0);
    if (out !== 0) box.style.translate = `${out}px`;
  });
  return (
    <div
      ref={element}
      class={`aw-popup ${name}`}
      role="group"
      onKeyDown={(event) => {
        if (event.key !== "Escape") return;
        event.stopPropagation();
        onClose();
      }}
    >
      {children}
    </div>
  );
}
