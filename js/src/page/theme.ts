/** The colours that the canvas needs, read from the style sheet so that there is one palette. */
export interface Colors {
  background: string;
  line: string;
  empty: string;
  accent: string;
  halo: string;
  veil: string;
  fold: string;
  rough: string;
  doubtful: string;
  /** The colours of two compared cells, and of the letters on them. */
  first: string;
  other: string;
  onPair: string;
}

const NAMES: Record<keyof Colors, string> = {
  background: "--aw-stage",
  line: "--aw-grid-line",
  empty: "--aw-waiting",
  accent: "--aw-accent",
  halo: "--aw-halo",
  veil: "--aw-veil",
  fold: "--aw-fold",
  rough: "--aw-rough",
  doubtful: "--aw-doubtful",
  first: "--aw-first",
  other: "--aw-other",
  onPair: "--aw-on-pair",
};

export function readColors(element: Element): Colors {
  const style = getComputedStyle(element);
  const entries = Object.entries(NAMES).map(([key, name]) => [
    key,
    style.getPropertyValue(name).trim() || "#808080",
  ]);
  return Object.fromEntries(entries) as unknown as Colors;
}

/** True if the page around us is dark: JupyterLab says so, else the system does. */
export function isDark(): boolean {
  const said = document.body?.dataset.jpThemeLight;
  if (said !== undefined) return said === "false";
  const { theme, vscodeThemeKind } = document.body?.dataset ?? {};
  if (theme ?? vscodeThemeKind) return /dark/.test(theme ?? vscodeThemeKind ?? "");
  if (document.documentElement.classList.contains("dark")) return true;
  if (document.body?.classList.contains("dark")) return true;
  return matchMedia("(prefers-color-scheme: dark)").matches;
}

/** Calls back when the page's theme may have changed. */
export function onThemeChange(listener: () => void): () => void {
  const observer = new MutationObserver(listener);
  const attributes = {
    attributes: true,
    attributeFilter: ["class", "data-jp-theme-light", "data-jp-theme-name", "data-theme"],
  };
  observer.observe(document.body, attributes);
  observer.observe(document.documentElement, attributes);
  const media = matchMedia("(prefers-color-scheme: dark)");
  media.addEventListener("change", listener);
  return () => {
    observer.disconnect();
    media.removeEventListener("change", listener);
  };
}

export function prefersReducedMotion(): boolean {
  return matchMedia("(prefers-reduced-motion: reduce)").matches;
}
