import { describeStatus } from "../store/traits";
import { useWidget } from "./context";

const [COLUMNS, ROWS] = [9, 7];

/** Slots in the shape of an atlas, each with its distance from the middle. */
const SLOTS = Array.from({ length: COLUMNS * ROWS }, (_, at) => {
  const x = (2 * (at % COLUMNS) + 1) / COLUMNS - 1;
  const y = (2 * Math.floor(at / COLUMNS) + 1) / ROWS - 1;
  return { at, distance: Math.hypot(x, y) };
}).filter(({ distance }) => distance < 1.03);

/** Before there is anything to draw: what is being done, rather than an empty box. */
export function AtlasPlaceholder() {
  const { store } = useWidget();
  const status = store.status.value;
  const layout = store.layout.value;
  if (layout?.grids.some((grid) => grid.ids.length > 0)) return null;
  if (status.stage === "error" || status.stage === "closed" || !store.connected.value) return null;
  return (
    <div class="aw-to-come" aria-hidden="true">
      <div class="aw-to-come-slots">
        {SLOTS.map(({ at, distance }) => (
          <i
            key={at}
            style={{
              gridColumn: (at % COLUMNS) + 1,
              gridRow: Math.floor(at / COLUMNS) + 1,
              animationDelay: `${Math.round(distance * 900)}ms`,
            }}
          />
        ))}
      </div>
      <p>{describeStatus(status, null)}</p>
    </div>
  );
}
