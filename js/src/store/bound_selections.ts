import type { Link } from "./link";
import { type Selection, Selections } from "./selections";
import { readInteger, readSelection } from "./traits";

/** The traits `selection` and `level` as selections, in both directions. */
export function bindSelections(link: Link): Selections {
  const ofTraits = (): Selection => ({
    grid: readInteger(link.get("level"), 0),
    cells: readSelection(link.get("selection")),
  });
  const selections = new Selections(ofTraits(), ({ grid, cells }) =>
    link.set({ level: grid, selection: cells }),
  );
  link.onTrait("selection", () => selections.follow(ofTraits()));
  link.onTrait("level", (value) => {
    const level = readInteger(value, 0);
    if (level > 0) selections.onGrid(level);
  });
  return selections;
}
