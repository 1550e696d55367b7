import type { ComponentChildren } from "preact";
import type { LayerName } from "../store/traits";
import { rankMatches } from "../util/search";
import { SearchList } from "./controls/SearchList";

const MAX_SHOWN = 300;

/** Layers to choose from: some of them at first, and whichever a search by name or type finds. */
export function LayerList({
  all,
  listed,
  begin,
  isChosen,
  row,
  onChoose,
  footer,
}: {
  /** The layers that a search goes through. */
  all: readonly LayerName[];
  /** Those that are listed before anything is searched for. */
  listed: readonly LayerName[];
  /** The one that is marked at first, by its place among those listed. */
  begin?: number;
  isChosen: (layer: LayerName) => boolean;
  row: (layer: LayerName) => ComponentChildren;
  onChoose: (layer: LayerName) => void;
  footer?: ComponentChildren;
}) {
  return (
    <SearchList
      name="layers"
      placeholder={`Search ${all.length} layers`}
      match={(query) =>
        rankMatches(
          query === "" ? listed : all,
          query,
          ({ name, type }) => `${name} ${type}`,
        ).slice(0, MAX_SHOWN)
      }
      begin={begin}
      isChosen={isChosen}
      keyOf={({ name }) => name}
      row={row}
      nothing={() => "No layer of that name."}
      onChoose={onChoose}
      footer={footer}
    />
  );
}
