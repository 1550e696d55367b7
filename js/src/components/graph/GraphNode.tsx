import type { GraphNode as Node } from "../../graph/columns";
import type { NodePicture } from "../../graph/graph";
import { FIRST_VIEW } from "../../store/view_registry";
import { UNITS_VIEW } from "../../units/units";
import { useWidget } from "../context";
import { Drawing } from "../Drawing";

/** A layer in the graph: its picture opens its units. */
export function GraphNode({
  node,
  number,
  own,
  picture,
  size,
  width,
  left,
  top,
  stop,
  onNear,
  onKey,
  onFocus,
}: {
  node: Node;
  number: number;
  /** It is the open layer. */
  own: boolean;
  picture: NodePicture | undefined;
  size: number;
  /** Of the column. */
  width: number;
  left: number;
  top: number;
  /** It is the one in the tab order. */
  stop: boolean;
  onNear: (isNear: boolean) => void;
  onKey: (event: KeyboardEvent) => void;
  onFocus: () => void;
}) {
  const { store, view, host } = useWidget();
  const { name, type, shape } = node;
  const canOpen = store.traits.layers.value.some((layer) => layer.name === name);
  const open = (shown: string) => {
    if (!canOpen) return;
    store.unit.value = null;
    store.openLayer(name);
    view.showing.value = shown;
    host.focus({ preventScroll: true }); // this button goes out of sight
  };
  const words = picture?.failed ? `no picture: ${picture.failed}` : (picture?.made ?? "");
  const canvas = picture?.picture;
  return (
    <div
      class={`aw-node ${own ? "aw-node-own" : ""}`}
      style={{ left: `${left}px`, top: `${top}px`, width: `${width}px` }}
      onPointerEnter={() => onNear(true)}
      onPointerLeave={() => onNear(false)}
    >
      <button
        type="button"
        class="aw-node-picture"
        title={[`${name} · ${type} · ${shape}`, words].filter(Boolean).join("\n")}
        aria-label={`${name}, ${type}, output ${shape}${own ? ", open" : ""}: show its units`}
        aria-disabled={!canOpen}
        tabIndex={stop ? 0 : -1}
        data-aw-node={number}
        data-aw-node-name={name}
        data-aw-node-state={picture ? (canvas ? "made" : "failed") : "waiting"}
        onFocus={() => {
          onFocus();
          onNear(true);
        }}
        onKeyDown={onKey}
        onBlur={() => onNear(false)}
        onClick={() => open(UNITS_VIEW)}
      >
        <Drawing
          size={size}
          of={[canvas]}
          paint={(context, side) => {
            if (canvas) context.drawImage(canvas, 0, 0, side, side);
          }}
        />
      </button>
      <div class="aw-node-name" style={{ maxWidth: `${width}px` }}>
        <bdi>{name}</bdi>
      </div>
      <div class="aw-node-line">
        <small>{shape}</small>
        {canOpen && (
          <button
            type="button"
            class="aw-link aw-node-atlas"
            title={own ? "Show its atlas" : "Make the atlas of this layer"}
            tabIndex={-1}
            data-aw-node-atlas={name}
            onClick={() => open(FIRST_VIEW)}
          >
            Atlas
          </button>
        )}
      </div>
    </div>
  );
}
