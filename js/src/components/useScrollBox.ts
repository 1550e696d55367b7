import { useSignal } from "@preact/signals";
import type { RefObject } from "preact";
import { useLayoutEffect } from "preact/hooks";

/** What is in sight of a scrolling element: its size, and how far it is scrolled (CSS pixels). */
export interface ScrollBox {
  width: number;
  height: number;
  left: number;
  top: number;
}

const isSame = (a: ScrollBox, b: ScrollBox) =>
  a.width === b.width && a.height === b.height && a.left === b.left && a.top === b.top;

/** Follows the size of an element and its scrolling; all zero before it is laid out. */
export function useScrollBox(holder: RefObject<HTMLElement | null>): ScrollBox {
  const box = useSignal<ScrollBox>({ width: 0, height: 0, left: 0, top: 0 });
  useLayoutEffect(() => {
    const element = holder.current!;
    const measure = () => {
      const { clientWidth: width, clientHeight: height } = element;
      const now = { width, height, left: element.scrollLeft, top: element.scrollTop };
      if (!isSame(now, box.peek())) box.value = now;
    };
    const observer = new ResizeObserver(measure);
    observer.observe(element);
    element.addEventListener("scroll", measure, { passive: true });
    measure();
    return () => observer.disconnect();
  }, []);
  return box.value;
}
