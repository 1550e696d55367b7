import { COMPARE_VIEW, Comparisons } from "../compare/comparisons";
import { CompareView } from "../components/compare/CompareView";
import { registerView } from "../store/view_registry";

registerView({
  name: COMPARE_VIEW,
  title: "Compare",
  makeState: ({ send, connected }) => new Comparisons(send, connected),
  Component: CompareView,
});
