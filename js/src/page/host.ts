import { styles } from "../styles";

/**
 * The element that the page sees: one focusable thing, which mirrors the widget's state in its
 * attributes. What is inside lives in a shadow tree, so that no style gets in or out.
 */
export function makeHost(el: HTMLElement): { host: HTMLElement; inside: ShadowRoot } {
  const host = document.createElement("div");
  host.className = "aw-root";
  const inside = host.attachShadow({ mode: "open" });
  const sheet = document.createElement("style");
  sheet.textContent = styles;
  inside.append(sheet);
  el.append(host);
  return { host, inside };
}

/** The element an event happened to; seen from outside, that is always the host. */
export function targetOf(event: Event): HTMLElement {
  return event.composedPath()[0] as HTMLElement;
}
