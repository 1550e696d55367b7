import { type AddressedView, readAddress, writeAddress } from "./address";
import type { SavedPage } from "./format";
import type { SavedModel } from "./model";

/** The time for which a view rests before the address says where it is (ms). */
const REST = 300;

/** Keeps the part of the address after # and a page's view the same, in both directions. */
export function followAddress(model: SavedModel, page: SavedPage): void {
  let timer: ReturnType<typeof setTimeout> | null = null;
  let written = location.hash.replace(/^#/, "");
  model.onSave = () => {
    if (timer !== null) clearTimeout(timer);
    timer = setTimeout(() => {
      written = writeAddress(viewOf(model));
      try {
        history.replaceState(null, "", `#${written}`);
      } catch {
        // Some browsers forbid it to files: the button that copies a link still works.
      }
    }, REST);
  };
  addEventListener("hashchange", () => {
    if (location.hash.replace(/^#/, "") === written) return;
    for (const [name, value] of Object.entries(readAddress(location.hash, page))) {
      model.set(name, value);
    }
  });
}

function viewOf(model: SavedModel): AddressedView {
  const opened = model.get("opened") as number[];
  return {
    viewport: model.get("viewport") as AddressedView["viewport"],
    fixed_level: model.get("fixed_level") as number | null,
    level: model.get("level") as number,
    selection: model.get("selection") as number[],
    overlay: model.get("overlay") as string,
    note: model.get("note") as string,
    unit: model.get("mode") === "units" ? (model.get("unit") as number | null) : null,
    opened: opened.length === 2 ? [opened[0], opened[1]] : null,
  };
}
