import { useSignal } from "@preact/signals";
import { plural } from "../words";
import { useWidget } from "./context";
import { Icon } from "./icons";
import { Popup } from "./Popup";

const FORMATS = [
  ["png", "PNG", "for slides and screens"],
  ["svg", "SVG", "for further drawing"],
  ["pdf", "PDF", "for papers"],
] as const;

/** Writes the selected cells, or all of the grid, as a figure into the kernel's folder. */
export function ExportMenu() {
  const { store, view } = useWidget();
  const open = useSignal(false);
  const { grid, cells } = store.selection.value;
  const shown = view.grid;
  const close = () => {
    open.value = false;
  };
  const write = (format: string) => {
    close();
    const level = cells.length > 0 ? grid : shown?.size;
    if (level) store.send({ kind: "export", grid: level, cells, format });
  };
  const what =
    cells.length > 0
      ? `the ${plural(cells.length, "selected cell")}`
      : `all ${plural(shown?.ids.length ?? 0, "cell")}`;
  return (
    <div class="aw-holder">
      <button
        type="button"
        class="aw-button"
        title="Export a figure"
        aria-haspopup="menu"
        aria-expanded={open.value}
        data-aw-export-menu
        disabled={!shown || !store.connected.value}
        onClick={() => {
          open.value = !open.value;
        }}
      >
        <Icon name="export" /> <span class="aw-wide-only">Export</span>
      </button>
      {open.value && (
        <Popup class="aw-menu" onClose={close}>
          <p class="aw-note">A figure of {what}</p>
          <div role="menu">
            {FORMATS.map(([format, name, purpose]) => (
              <button
                key={format}
                type="button"
                role="menuitem"
                data-aw-export={format}
                onClick={() => write(format)}
              >
                <span>{name}</span>
                <small>{purpose}</small>
              </button>
            ))}
          </div>
        </Popup>
      )}
    </div>
  );
}
