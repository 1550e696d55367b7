import { signal } from "@preact/signals";
import type { KernelMessageOf } from "../protocol/messages";
import type { Handlers, Part } from "../protocol/parts";
import type { Kernel } from "../store/view_registry";
import { type Canvas, decodeToCanvas } from "../util/decode";
import { type Column, columnsOf, type GraphNode, type NodePlace, placesIn } from "./columns";

/** The name of the view that shows it. */
export const GRAPH_VIEW = "graph";

/** The layers of the model and how they are connected. */
export interface Graph {
  nodes: GraphNode[];
  /** Pairs of numbers of nodes, from the one that runs first. */
  edges: [number, number][];
  columns: Column[];
  places: NodePlace[];
  /** The number of the open layer's node; −1 if there is none. */
  own: number;
  /** Edges are only the order in which the layers run. */
  guessed: boolean;
  /** Why there is no graph; "" if there is one. */
  failed: string;
}

/** A layer's picture, or why it has none. */
export interface NodePicture {
  picture: Canvas | null;
  made: string;
  failed: string;
}

/** The graph of the model's layers, and their pictures as they come. */
export class LayerGraph implements Part {
  readonly handles: Handlers = {
    graph: (message) => {
      this.graph.value = readGraph(message);
    },
    graph_picture: (message, bytes) => this.receivePicture(message, bytes),
  };
  readonly graph = signal<Graph | null>(null);
  /** By the layer's name; they belong to the model, not to the open layer. */
  readonly pictures = signal<ReadonlyMap<string, NodePicture>>(new Map());

  constructor(private readonly kernel: Kernel) {}

  /** Asks for the graph. */
  want(): void {
    if (this.kernel.connected.peek()) this.kernel.send({ kind: "graph" });
  }

  /** Nodes in sight: pictures that are not here are made now, in this order. */
  look(nodes: readonly number[]): void {
    if (!this.kernel.connected.peek()) return;
    const names = this.graph.peek()?.nodes ?? [];
    const pictures = this.pictures.peek();
    const lacking = nodes.filter((at) => names[at] && !pictures.has(names[at].name));
    this.kernel.send({ kind: "graph_in_sight", nodes: lacking });
  }

  private receivePicture(message: KernelMessageOf<"graph_picture">, bytes?: Uint8Array): void {
    const { layer, made, failed } = message;
    if (!bytes?.length) {
      this.keep(layer, { picture: null, made, failed });
      return;
    }
    decodeToCanvas(bytes)
      .then((picture) => this.keep(layer, { picture, made, failed }))
      .catch(() => console.warn("[atlas_widget] the picture of a layer could not be decoded"));
  }

  private keep(layer: string, picture: NodePicture): void {
    this.pictures.value = new Map(this.pictures.peek()).set(layer, picture);
  }
}

function readGraph(message: KernelMessageOf<"graph">): Graph {
  const nodes = message.names.map((name, at) => ({
    name: name ?? "",
    type: message.types[at] ?? "",
    shape: message.shapes[at] ?? "",
  }));
  const columns = columnsOf(nodes);
  return {
    nodes,
    edges: message.before.map((from, at): [number, number] => [from, message.after[at]]),
    columns,
    places: placesIn(columns),
    own: message.own,
    guessed: message.edges !== "autograd",
    failed: message.failed,
  };
}
