import { GraphView } from "../components/graph/GraphView";
import { GRAPH_VIEW, LayerGraph } from "../graph/graph";
import { registerView } from "../store/view_registry";

registerView({
  name: GRAPH_VIEW,
  title: "Graph",
  makeState: (kernel) => new LayerGraph(kernel),
  Component: GraphView,
});
