import { useSignal } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";
import { edgePath, nodeByKey, sizesFor } from "../../graph/columns";
import { GRAPH_VIEW, type Graph, type LayerGraph } from "../../graph/graph";
import { plural } from "../../util/numbers";
import { useWidget } from "../context";
import { useScrollBox } from "../useScrollBox";
import { GraphNode } from "./GraphNode";

const MARGIN = 16; // CSS pixels, as in graph.css
const SPACE = 6; // between the words of two columns
/** The time that the view rests before the kernel hears what is in sight (ms). */
const SETTLE = 120;

/** The layers of the model in columns, each with its DeepDream picture. */
export function GraphView({ state }: { state: LayerGraph }) {
  const { store, view } = useWidget();
  const shown = view.showing.value === GRAPH_VIEW;
  const connected = store.connected.value;
  // Another layer: it may be a node that was none before, and its kernel side starts anew.
  const revision = store.layout.value?.revision ?? -1;
  useEffect(() => {
    if (shown && connected && revision >= 0) state.want();
  }, [shown, connected, revision]);
  const graph = state.graph.value;
  if (graph?.failed) return <p class="aw-units-empty">There is no graph: {graph.failed}</p>;
  if (!graph) {
    return (
      <p class="aw-units-empty">
        {connected
          ? "The graph of the model is read once the layer’s activations are collected…"
          : "The graph of a model needs a running kernel."}
      </p>
    );
  }
  return <Columns state={state} graph={graph} shown={shown} />;
}

function Columns({ state, graph, shown }: { state: LayerGraph; graph: Graph; shown: boolean }) {
  const { store } = useWidget();
  const holder = useRef<HTMLDivElement>(null);
  const room = useScrollBox(holder);
  /** The node under the pointer or with the focus: its edges stand out. */
  const near = useSignal(-1);
  const stop = useSignal(Math.max(0, graph.own)); // the one in the tab order
  const { columns, places, edges, nodes } = graph;
  const { width, height, left, top } = room;
  const sizes = sizesFor(columns.length, width - 2 * MARGIN);
  const inSight = (at: number) => {
    const [x, y] = [places[at].column * sizes.width, places[at].row * sizes.height];
    return x + sizes.width > left && x < left + width && y + sizes.height > top && y < top + height;
  };
  const connected = store.connected.value;
  useEffect(() => {
    if (!shown || width === 0) return;
    const all = nodes.map((_, at) => at);
    const order = [...all.filter(inSight), ...all.filter((at) => !inSight(at))];
    const timer = setTimeout(() => state.look(order), SETTLE);
    return () => clearTimeout(timer);
  }, [shown, connected, graph, width, height, left, top]);
  // Another view is shown: none are wanted.
  useEffect(() => {
    if (!shown) state.look([]);
    return () => state.look([]);
  }, [shown]);
  const space = useRef<HTMLDivElement>(null);
  const step = (event: KeyboardEvent, at: number) => {
    const next = nodeByKey(event.key, at, columns, edges);
    if (next === null || event.altKey || event.ctrlKey || event.metaKey) return;
    event.preventDefault();
    event.stopPropagation();
    space.current?.querySelector<HTMLElement>(`[data-aw-node="${next}"]`)?.focus();
  };
  const made = nodes.filter(({ name }) => state.pictures.value.has(name)).length;
  const rows = Math.max(1, ...columns.map((column) => column.nodes.length));
  const size = { width: columns.length * sizes.width, height: rows * sizes.height };
  return (
    <section class="aw-graph" aria-label="Layers of the model">
      <p class="aw-graph-head">
        Each picture excites all of a layer (DeepDream, from noise). Click one for its units.
        {made < nodes.length && connected && (
          <span>{` ${made} of ${plural(nodes.length, "picture")} made…`}</span>
        )}
        {graph.guessed && " The lines show the order in which the layers run, no more."}
      </p>
      <div ref={holder} class="aw-graph-scroll">
        <div
          ref={space}
          class="aw-graph-space"
          style={{ width: `${size.width}px`, height: `${size.height}px` }}
        >
          <svg class="aw-graph-edges" width={size.width} height={size.height} aria-hidden="true">
            {edges.map(([from, to]) => (
              <path
                key={`${from}:${to}`}
                class={near.value === from || near.value === to ? "aw-near" : ""}
                d={edgePath(places[from], places[to], sizes)}
              />
            ))}
          </svg>
          {nodes.map((node, at) => (
            <GraphNode
              key={node.name}
              node={node}
              number={at}
              own={at === graph.own}
              picture={state.pictures.value.get(node.name)}
              size={sizes.picture}
              width={sizes.width - SPACE}
              left={places[at].column * sizes.width}
              top={places[at].row * sizes.height}
              stop={at === stop.value}
              onNear={(isNear) => {
                near.value = isNear ? at : -1;
              }}
              onKey={(event) => step(event, at)}
              onFocus={() => {
                stop.value = at;
              }}
            />
          ))}
        </div>
      </div>
    </section>
  );
}
