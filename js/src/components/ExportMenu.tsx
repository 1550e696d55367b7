import { plural } from "../util/numbers";
import { useWidget } from "./context";
import { Icon } from "./controls/icons";
import { MenuItem, PopupButton } from "./controls/PopupButton";

const FORMATS = [
  ["png", "PNG", "for slides and screens"],
  ["svg", "SVG", "for further drawing"],
  ["pdf", "PDF", "for papers"],
] as const;

/** Writes cells as a figure, or all of the atlas as a page, into the kernel's folder. */
export function ExportMenu() {
  const { store, view } = useWidget();
  const { grid, cells } = store.selection.value;
  const shown = view.grid;
  const write = (format: string) => {
    const level = cells.length > 0 ? grid : shown?.size;
    const names = view.names.peek();
    const notes = view.notes.marks.peek();
    if (level) store.send({ kind: "export", grid: level, cells, format, names, notes });
  };
  const what =
    cells.length > 0
      ? `the ${plural(cells.length, "selected cell")}`
      : `all ${plural(shown?.ids.length ?? 0, "cell")}`;
  return (
    <PopupButton
      title="Export a figure or a page"
      data-aw-export-menu
      disabled={!shown || !store.connected.value}
      popup={(close) => (
        <>
          <p class="aw-note">A figure of {what}</p>
          <div role="menu">
            {FORMATS.map(([format, words, meaning]) => (
              <MenuItem
                key={format}
                words={words}
                meaning={meaning}
                data-aw-export={format}
                onClick={() => {
                  close();
                  write(format);
                }}
              />
            ))}
            <MenuItem
              words="HTML"
              meaning="all of the atlas, to open without a kernel"
              data-aw-export="html"
              onClick={() => {
                close();
                write("html");
              }}
            />
          </div>
        </>
      )}
    >
      <Icon name="export" /> <span class="aw-wide-only">Export</span>
    </PopupButton>
  );
}
