/**
 * Hides the still picture that a saved notebook shows in a widget's place, as long as a view of that
 * widget is in the page.
 *
 * @returns a function that shows it again.
 */
export function hideStill(name: string): () => void {
  if (!/^aw-still-[0-9a-f]+$/.test(name)) return () => {};
  const sheet = document.createElement("style");
  // JupyterLab's frame of an output has a height of its own
  sheet.textContent = `.${name}, .jp-OutputArea-child:has(.${name}) { display: none; }`;
  document.head.append(sheet);
  return () => sheet.remove();
}
