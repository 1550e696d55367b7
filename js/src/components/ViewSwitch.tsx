import { useRef } from "preact/hooks";
import { allViews, FIRST_VIEW } from "../store/view_registry";
import { useWidget } from "./context";

/** The view that is chosen. Those that were looked at before stay as they are, out of sight. */
export function ShownView() {
  const { store, view } = useWidget();
  const shown = view.showing.value;
  const visited = useRef(new Set<string>());
  visited.current.add(shown);
  return (
    <>
      {allViews()
        .filter(({ name }) => visited.current.has(name))
        .map(({ name, Component }) => (
          <div key={name} class="aw-view" hidden={name !== shown} data-aw-view={name}>
            <Component state={store.viewStates.get(name)!} />
          </div>
        ))}
    </>
  );
}

/** The switch between views; nothing where there is but one. */
export function ViewSwitch() {
  const { store, view } = useWidget();
  const views = allViews().filter(
    ({ name }) => name === FIRST_VIEW || store.savedUnits === null || store.savedUnits.length > 0,
  );
  if (views.length < 2) return null;
  return (
    <div class="aw-group" role="radiogroup" aria-label="View">
      {views.map(({ name, title }) => (
        <button
          key={name}
          type="button"
          role="radio"
          class="aw-button"
          aria-checked={view.showing.value === name}
          data-aw-show-view={name}
          onClick={() => {
            view.showing.value = name;
          }}
        >
          {title}
        </button>
      ))}
    </div>
  );
}
