/** Copies a text; true if it worked. Plain-http pages have no clipboard API: the old way there. */
export async function copyText(text: string): Promise<boolean> {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    return copyByHand(text);
  }
}

function copyByHand(text: string): boolean {
  const { activeElement } = document;
  const focused = activeElement?.shadowRoot?.activeElement ?? activeElement;
  const area = document.createElement("textarea");
  area.value = text;
  area.style.position = "fixed";
  area.style.opacity = "0";
  document.body.append(area);
  area.select();
  const done = document.execCommand("copy");
  area.remove();
  // Selecting the text took the focus away from where the user is.
  if (focused instanceof HTMLElement) focused.focus({ preventScroll: true });
  return done;
}
