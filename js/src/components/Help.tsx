import { Icon } from "./icons";

const KEYS: [string, string][] = [
  ["Drag · wheel · pinch", "move and zoom"],
  ["Click · Enter", "open the cell"],
  ["← ↑ → ↓", "from cell to cell"],
  ["+ − 0", "zoom in, out, all"],
  ["Shift + drag", "select a rectangle, adding"],
  ["R · L · P", "rectangle, lasso, pan"],
  ["Shift · Alt", "add to, remove from the selection"],
  ["Ctrl + click", "select one cell more, or less"],
  ["Ctrl + A", "select all in view"],
  ["G", "next grid, then automatic again"],
  ["V · Shift + V", "next overlay, the one before"],
  ["/", "find a class"],
  ["F", "full screen"],
  ["Escape", "close, step by step"],
];

export function Help({ onClose }: { onClose: () => void }) {
  return (
    <div class="aw-help" role="dialog" aria-label="Keys">
      <header>
        <h2>Keys</h2>
        <button type="button" class="aw-button aw-quiet" aria-label="Close" onClick={onClose}>
          <Icon name="close" />
        </button>
      </header>
      <dl>
        {KEYS.map(([keys, meaning]) => (
          <div key={keys}>
            <dt>{keys}</dt>
            <dd>{meaning}</dd>
          </div>
        ))}
      </dl>
    </div>
  );
}
