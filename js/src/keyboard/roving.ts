/** Arrow keys through controls that share one tab stop. */
export type Axis = "horizontal" | "vertical" | "both";

const STEPS: Record<Axis, Record<string, number>> = {
  horizontal: { ArrowLeft: -1, ArrowRight: 1 },
  vertical: { ArrowUp: -1, ArrowDown: 1 },
  both: { ArrowLeft: -1, ArrowUp: -1, ArrowRight: 1, ArrowDown: 1 },
};

/** The item that a key leads to from another one; null if the key means nothing here. */
export function nextItem(key: string, at: number, count: number, axis: Axis): number | null {
  if (count === 0) return null;
  if (key === "Home") return 0;
  if (key === "End") return count - 1;
  const step = STEPS[axis][key];
  return step === undefined ? null : (at + step + count) % count;
}

/**
 * Makes the buttons of an element one tab stop: Tab leads in and out, arrow keys from one to the
 * next. Popups within it are on their own. What is returned ends it.
 */
export function rove(element: HTMLElement, axis: Axis): () => void {
  const root = element.getRootNode() as ShadowRoot | Document;
  const items = () =>
    [...element.querySelectorAll<HTMLButtonElement>("button:not(:disabled)")].filter(
      (item) => !inPopup(item, element),
    );
  let current: HTMLElement | null = null;
  const settle = () => {
    const now = items();
    if (!current || !now.includes(current as HTMLButtonElement)) current = now[0] ?? null;
    for (const item of now) item.tabIndex = item === current ? 0 : -1;
  };
  const observer = new MutationObserver(settle);
  observer.observe(element, {
    childList: true,
    subtree: true,
    attributes: true,
    attributeFilter: ["disabled"],
  });
  const abort = new AbortController();
  const { signal } = abort;
  element.addEventListener(
    "focusin",
    (event) => {
      if (!items().includes(event.target as HTMLButtonElement)) return;
      current = event.target as HTMLElement;
      settle();
    },
    { signal },
  );
  element.addEventListener(
    "keydown",
    (event) => {
      if (event.defaultPrevented || event.ctrlKey || event.metaKey) return;
      if (event.altKey || event.shiftKey) return;
      const now = items();
      const at = now.indexOf(root.activeElement as HTMLButtonElement);
      if (at < 0) return;
      const next = nextItem(event.key, at, now.length, axis);
      if (next === null) return;
      event.preventDefault();
      event.stopPropagation();
      now[next].focus({ preventScroll: true });
    },
    { signal },
  );
  settle();
  return () => {
    observer.disconnect();
    abort.abort();
  };
}

/** True if an item is in a popup within the element, rather than in the element itself. */
function inPopup(item: Element, element: Element): boolean {
  const popup = item.closest(".aw-popup");
  return popup !== null && popup !== element && element.contains(popup);
}
