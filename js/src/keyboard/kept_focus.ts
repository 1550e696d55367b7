/**
 * A control that goes away with the focus on it would leave the focus to the page, and the keys to
 * the notebook. The host takes it instead. What is returned ends it.
 */
export function keepFocus(host: HTMLElement, inside: ShadowRoot): () => void {
  let last: Element | null = null;
  const rescue = () => {
    if (!last || last.isConnected) return;
    last = null;
    const { activeElement } = document;
    if (!activeElement || activeElement === document.body) host.focus({ preventScroll: true });
  };
  const onIn = (event: Event) => {
    last = event.target as Element;
  };
  const onOut = () => {
    const left = last;
    // Some browsers tell of it while the element is still there.
    queueMicrotask(() => {
      if (left?.isConnected && left === last) last = null;
      else rescue();
    });
  };
  const observer = new MutationObserver(rescue);
  observer.observe(inside, { childList: true, subtree: true });
  inside.addEventListener("focusin", onIn);
  inside.addEventListener("focusout", onOut);
  return () => {
    observer.disconnect();
    inside.removeEventListener("focusin", onIn);
    inside.removeEventListener("focusout", onOut);
  };
}
