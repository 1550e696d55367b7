import { plural } from "../util/numbers";
import { nearMatches, rankMatches } from "../util/search";
import { useWidget } from "./context";
import { SearchList } from "./controls/SearchList";

const MAX_SHOWN = 200;

/** The model's classes, to be searched by name. */
export function ClassPicker({
  chosen,
  onChoose,
  only,
}: {
  chosen: number | null;
  onChoose: (index: number) => void;
  /** Only these are offered, in this order, each with a number of samples. */
  only?: ReadonlyMap<number, number>;
}) {
  const { store } = useWidget();
  const names = store.classes.names.value;
  if (names.length === 0) return <p class="aw-note">{store.classes.inPlace.value}</p>;
  const indices = only ? [...only.keys()] : names.map((_, index) => index);
  return (
    <SearchList
      name="classes"
      placeholder={`Search ${plural(indices.length, "class", "classes")}`}
      data-aw-class-search
      match={(query) => rankMatches(indices, query, (index) => names[index]).slice(0, MAX_SHOWN)}
      isChosen={(index) => index === chosen}
      keyOf={(index) => index}
      row={(index) => (
        <>
          <span>{names[index]}</span>
          {only && <small>{plural(only.get(index) ?? 0, "sample")}</small>}
        </>
      )}
      nothing={(query) => {
        if (only) return "There are too few images of such a class.";
        const near = nearMatches(names, query).map((index) => names[index]);
        return `No class is called so.${near.length > 0 ? ` Near: ${near.join(", ")}.` : ""}`;
      }}
      onChoose={onChoose}
    />
  );
}
