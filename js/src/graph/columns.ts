/** Places of the nodes of a graph: columns by the part of the model that they are in. */

export interface GraphNode {
  name: string;
  type: string;
  shape: string;
}

/** A node's place: which column, which row of it. */
export interface NodePlace {
  column: number;
  row: number;
}

export interface Column {
  /** The part of the model that its nodes are in: "" for the model itself. */
  part: string;
  /** Numbers of the nodes, from top to bottom. */
  nodes: number[];
}

/** A longer run of nodes goes on in another column. */
export const MAX_ROWS = 6;

/** The part of the model that a layer is in: its name up to the last point. */
export const partOf = (name: string): string => name.slice(0, Math.max(0, name.lastIndexOf(".")));

/** The columns of nodes in the order in which they run: neighbours of the same part share one. */
export function columnsOf(nodes: readonly GraphNode[]): Column[] {
  const columns: Column[] = [];
  nodes.forEach(({ name }, number) => {
    const part = partOf(name);
    const last = columns.at(-1);
    if (last && last.part === part && last.nodes.length < MAX_ROWS) last.nodes.push(number);
    else columns.push({ part, nodes: [number] });
  });
  return columns;
}

/** The place of each node. */
export function placesIn(columns: readonly Column[]): NodePlace[] {
  const places: NodePlace[] = [];
  columns.forEach(({ nodes }, column) => {
    nodes.forEach((number, row) => {
      places[number] = { column, row };
    });
  });
  return places;
}

/** Sizes in CSS pixels of what is drawn. */
export interface Sizes {
  picture: number;
  width: number;
  height: number;
}

const LEAST = 56;
const MOST = 104;
const GAP = 36; // between columns
const WORDS = 56; // below a picture, with room for an edge
const CAPTION = 38; // of these what the words take, as in graph.css

/** The largest pictures with which all columns fit into a width; not below a size to be seen. */
export function sizesFor(columns: number, room: number): Sizes {
  const each = columns > 0 ? room / columns : room;
  const picture = Math.round(Math.max(LEAST, Math.min(MOST, each - GAP)));
  return { picture, width: picture + GAP, height: picture + WORDS };
}

/** The line of an edge as an SVG path; places in the middle of pictures. */
export function edgePath(
  from: NodePlace,
  to: NodePlace,
  { picture, width, height }: Sizes,
): string {
  const left = ({ column }: NodePlace) => column * width;
  const middle = ({ row }: NodePlace) => row * height + picture / 2;
  if (from.column === to.column) {
    const x = left(from) + picture / 2;
    if (to.row === from.row + 1) {
      return `M${x} ${from.row * height + picture + CAPTION}V${to.row * height}`;
    }
    // past the nodes between
    const side = left(from) - GAP / 3;
    return `M${left(from)} ${middle(from)}C${side} ${middle(from)} ${side} ${middle(to)} ${left(to)} ${middle(to)}`;
  }
  const start = left(from) + picture;
  const bend = Math.max(GAP / 2, (left(to) - start) / 2);
  return `M${start} ${middle(from)}C${start + bend} ${middle(from)} ${left(to) - bend} ${middle(to)} ${left(to)} ${middle(to)}`;
}

/** The node that an arrow key leads to: along edges to the sides, within the column up and down. */
export function nodeByKey(
  key: string,
  at: number,
  columns: readonly Column[],
  edges: readonly (readonly [number, number])[],
): number | null {
  if (key === "ArrowRight") return edges.find(([from]) => from === at)?.[1] ?? null;
  if (key === "ArrowLeft") return edges.findLast(([, to]) => to === at)?.[0] ?? null;
  const column = columns.find(({ nodes }) => nodes.includes(at));
  const row = column?.nodes.indexOf(at) ?? -1;
  if (key === "ArrowDown") return column?.nodes[row + 1] ?? null;
  if (key === "ArrowUp") return column?.nodes[row - 1] ?? null;
  return null;
}
