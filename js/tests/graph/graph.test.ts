import { signal } from "@preact/signals";
import { beforeEach, describe, expect, it, vi } from "vitest";
import { LayerGraph } from "../../src/graph/graph";
import type { BrowserMessage, KernelMessageOf } from "../../src/protocol/messages";
import { decodeToCanvas } from "../../src/util/decode";

vi.mock("../../src/util/decode", () => ({ decodeToCanvas: vi.fn() }));

const message: KernelMessageOf<"graph"> = {
  kind: "graph",
  edges: "autograd",
  names: ["stem", "layer1.0"],
  types: ["Conv2d", "Block"],
  shapes: ["8 × 16 × 16", "8 × 8 × 8"],
  before: [0],
  after: [1],
  own: 1,
  failed: "",
};

const picture = (layer: string, failed = ""): KernelMessageOf<"graph_picture"> => ({
  kind: "graph_picture",
  layer,
  made: "DeepDream",
  failed,
});

describe("the graph of the model", () => {
  let sent: BrowserMessage[];
  let graph: LayerGraph;
  const connected = signal(true);
  beforeEach(() => {
    sent = [];
    connected.value = true;
    graph = new LayerGraph({ connected, send: (now) => sent.push(now) });
    vi.mocked(decodeToCanvas).mockResolvedValue({ width: 96, height: 96 } as never);
  });

  it("is not asked for without a kernel", () => {
    connected.value = false;
    graph.want();
    graph.look([0]);
    expect(sent).toEqual([]);
  });

  it("has nodes, edges and places", () => {
    graph.handles.graph!(message, undefined);
    const read = graph.graph.value!;
    expect(read.nodes[1]).toEqual({ name: "layer1.0", type: "Block", shape: "8 × 8 × 8" });
    expect(read.edges).toEqual([[0, 1]]);
    expect(read.own).toBe(1);
    expect(read.guessed).toBe(false);
    graph.handles.graph!({ ...message, edges: "execution order" }, undefined);
    expect(graph.graph.value!.guessed).toBe(true);
  });

  it("asks for the pictures that are not here, and not again for one that cannot be made", async () => {
    graph.handles.graph!(message, undefined);
    graph.look([1, 0, 7]);
    expect(sent.at(-1)).toEqual({ kind: "graph_in_sight", nodes: [1, 0] });
    graph.handles.graph_picture!(picture("layer1.0"), new Uint8Array([1]));
    await vi.waitFor(() => expect(graph.pictures.value.has("layer1.0")).toBe(true));
    graph.handles.graph_picture!(picture("stem", "no gradient"), undefined);
    graph.look([0, 1]);
    expect(sent.at(-1)).toEqual({ kind: "graph_in_sight", nodes: [] });
    expect(graph.pictures.value.get("stem")!.failed).toBe("no gradient");
  });
});
