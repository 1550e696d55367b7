import { UnitsView } from "../components/units/UnitsView";
import { registerView } from "../store/view_registry";
import { UNITS_VIEW } from "../units/units";

registerView({
  name: UNITS_VIEW,
  title: "Units",
  // The store's, since the overlay of a unit on the atlas shows them too.
  makeState: () => ({ handles: {} }),
  Component: UnitsView,
});
