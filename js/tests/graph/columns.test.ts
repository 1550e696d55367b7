import { describe, expect, it } from "vitest";
import {
  columnsOf,
  edgePath,
  MAX_ROWS,
  nodeByKey,
  partOf,
  placesIn,
  sizesFor,
} from "../../src/graph/columns";

const nodes = (...names: string[]) => names.map((name) => ({ name, type: "Conv2d", shape: "8" }));

describe("columns of a graph", () => {
  it("hold neighbours of the same part of the model", () => {
    const columns = columnsOf(nodes("stem", "layer1.0", "layer1.1", "layer2.0", "fc"));
    expect(columns).toEqual([
      { part: "", nodes: [0] },
      { part: "layer1", nodes: [1, 2] },
      { part: "layer2", nodes: [3] },
      { part: "", nodes: [4] },
    ]);
    expect(placesIn(columns)[2]).toEqual({ column: 1, row: 1 });
  });

  it("go on in another column where a part is long", () => {
    const names = Array.from({ length: MAX_ROWS + 2 }, (_, at) => `blocks.${at}`);
    expect(columnsOf(nodes(...names)).map((column) => column.nodes.length)).toEqual([MAX_ROWS, 2]);
  });

  it("have no part where a name has no point", () => {
    expect(partOf("conv1")).toBe("");
    expect(partOf("a.b.c")).toBe("a.b");
  });
});

describe("sizes", () => {
  it("fit the room, but stay large enough to be seen and no larger than is needed", () => {
    expect(sizesFor(8, 880).picture).toBe(74);
    expect(sizesFor(100, 880).picture).toBe(56);
    expect(sizesFor(2, 880).picture).toBe(104);
    expect(sizesFor(0, 0).picture).toBe(56);
  });
});

describe("edges", () => {
  const sizes = { picture: 100, width: 136, height: 156 };

  it("lead straight down from the words to the next node of a column", () => {
    expect(edgePath({ column: 1, row: 0 }, { column: 1, row: 1 }, sizes)).toBe("M186 138V156");
  });

  it("pass the nodes between on the side", () => {
    const path = edgePath({ column: 0, row: 0 }, { column: 0, row: 2 }, sizes);
    expect(path).toBe("M0 50C-12 50 -12 362 0 362");
  });

  it("lead from the right of one to the left of another", () => {
    const path = edgePath({ column: 0, row: 0 }, { column: 1, row: 1 }, sizes);
    expect(path).toMatch(/^M100 50C.* 136 206$/);
  });
});

describe("arrow keys", () => {
  const columns = columnsOf(nodes("stem", "a.0", "a.1", "b.0"));
  const edges = [
    [0, 1],
    [1, 2],
    [1, 3],
    [2, 3],
  ] as const;

  it("follow the edges to the sides, and the column up and down", () => {
    expect(nodeByKey("ArrowRight", 0, columns, edges)).toBe(1);
    expect(nodeByKey("ArrowLeft", 3, columns, edges)).toBe(2);
    expect(nodeByKey("ArrowDown", 1, columns, edges)).toBe(2);
    expect(nodeByKey("ArrowUp", 2, columns, edges)).toBe(1);
  });

  it("lead nowhere at the ends", () => {
    expect(nodeByKey("ArrowLeft", 0, columns, edges)).toBeNull();
    expect(nodeByKey("ArrowUp", 1, columns, edges)).toBeNull();
    expect(nodeByKey("Enter", 1, columns, edges)).toBeNull();
  });
});
