/** What this browser keeps for all notebooks. Without storage, as in a private window, nothing is. */

const PREFIX = "atlas-widget:";

export function isKept(name: string): boolean {
  try {
    return localStorage.getItem(PREFIX + name) !== null;
  } catch {
    return false;
  }
}

export function keep(name: string): void {
  try {
    localStorage.setItem(PREFIX + name, "1");
  } catch {
    // it is asked again next time
  }
}
