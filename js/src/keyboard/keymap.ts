import type { View } from "../view/view";

/** The commands of keys that concern more than the view itself. */
export interface KeyActions {
  help(): void;
  fullscreen(): void;
  search(): void;
  copyView(): void;
  /** Closes the most recent thing that is open; false if nothing is. */
  close(): boolean;
}

/**
 * One line of the help and what it promises. Keys are written as `event.key`, letters small; in
 * front of them `mod+` (Ctrl, or ⌘ on a Mac), `alt+` and `shift+`. Shift does not count where it
 * only makes another sign: where `?` lies is the keyboard's business.
 */
export interface Command {
  keys: readonly string[];
  shown: string;
  words: string;
  /** False if it meant nothing here; the key then goes on to the page. */
  run(view: View, actions: KeyActions, key: string): unknown;
}

const ZOOM = 1.7;

const ARROWS: Record<string, [number, number]> = {
  ArrowUp: [-1, 0],
  ArrowDown: [1, 0],
  ArrowLeft: [0, -1],
  ArrowRight: [0, 1],
};

const arrows = Object.keys(ARROWS);
const directionOf = (key: string): [number, number] => ARROWS[key.split("+").at(-1)!];

/** All keys, in the order in which the help lists them. */
export const KEYMAP: Record<"Move" | "Cells" | "Select" | "Show", readonly Command[]> = {
  Move: [
    {
      keys: ["+", "=", "-", "−", "_"],
      shown: "+ −",
      words: "zoom in, out",
      run: (view, _, key) => view.navigation.zoomBy(key === "+" || key === "=" ? ZOOM : 1 / ZOOM),
    },
    {
      keys: ["0", "Home"],
      shown: "0",
      words: "the whole atlas",
      run: (view) => view.navigation.home(),
    },
    {
      keys: ["[", "alt+ArrowLeft"],
      shown: "[",
      words: "previous view",
      run: (view) => view.viewpoints.go(-1),
    },
    {
      keys: ["]", "alt+ArrowRight"],
      shown: "]",
      words: "next view",
      run: (view) => view.viewpoints.go(1),
    },
  ],
  Cells: [
    {
      keys: arrows,
      shown: "← ↑ → ↓",
      words: "from cell to cell",
      run: (view, _, key) => view.cellWalk.step(...directionOf(key)),
    },
    {
      keys: ["Enter"],
      shown: "Enter",
      words: "open the cell",
      run: (view) => view.cellWalk.open(),
    },
    {
      keys: ["/"],
      shown: "/",
      words: "find a class",
      run: (_, actions) => actions.search(),
    },
  ],
  Select: [
    {
      keys: [" "],
      shown: "Space",
      words: "add or remove the cell",
      run: (view) => view.cellWalk.toggle(),
    },
    {
      keys: arrows.map((arrow) => `shift+${arrow}`),
      shown: "Shift + arrows",
      words: "select on the way",
      run: (view, _, key) => view.cellWalk.selectStep(...directionOf(key)),
    },
    {
      keys: ["mod+a"],
      shown: "Ctrl + A",
      words: "all cells in view",
      run: (view) => view.selectAllInView(),
    },
    {
      keys: ["i"],
      shown: "I",
      words: "invert the selection",
      run: (view) => view.selecting.invert(),
    },
    {
      keys: ["mod+z"],
      shown: "Ctrl + Z",
      words: "undo",
      run: (view) => view.selecting.undo(),
    },
    {
      keys: ["mod+shift+z", "mod+y"],
      shown: "Ctrl + Shift + Z",
      words: "redo",
      run: (view) => view.selecting.redo(),
    },
    {
      keys: ["r", "l", "p"],
      shown: "R · L · P",
      words: "rectangle, lasso, pan",
      run: (view, _, key) => {
        view.tool.value = key === "r" ? "rectangle" : key === "l" ? "lasso" : "pan";
      },
    },
  ],
  Show: [
    {
      keys: ["g"],
      shown: "G",
      words: "next grid, then by zoom again",
      run: (view) => view.nextLevelMode(),
    },
    {
      keys: ["v", "shift+v"],
      shown: "V · Shift + V",
      words: "next overlay, the one before",
      run: (view, _, key) => view.overlays.turn(key === "v" ? 1 : -1),
    },
    {
      keys: ["n"],
      shown: "N",
      words: "names of regions, or none",
      run: (view) => {
        view.names.value = !view.names.peek();
      },
    },
    {
      keys: ["m"],
      shown: "M",
      words: "notes",
      run: (view) => view.notes.toggle(),
    },
    {
      keys: ["c"],
      shown: "C",
      words: "copy this view as a line of Python",
      run: (_, actions) => actions.copyView(),
    },
    {
      keys: ["f"],
      shown: "F",
      words: "full screen",
      run: (_, actions) => actions.fullscreen(),
    },
    {
      keys: ["?"],
      shown: "?",
      words: "this list",
      run: (_, actions) => actions.help(),
    },
    {
      keys: ["Escape"],
      shown: "Escape",
      words: "close, step by step",
      run: (_, actions) => actions.close(),
    },
  ],
};

/** The gestures of the pointer, for the help: `pointer.ts` and `gestures.ts` handle them. */
export const GESTURES: readonly [string, string][] = [
  ["Drag, one finger", "move"],
  ["Wheel, two fingers", "zoom"],
  ["Click, tap", "open the cell"],
  ["Double click", "zoom in; with Shift out"],
  ["Shift + drag", "select a rectangle, adding"],
  ["Long press, drag", "select a rectangle by touch"],
  ["Alt", "while drawing: remove"],
  ["Ctrl + click", "add or remove the cell"],
];

/** Those that need a kernel. */
export const PHOTO_GESTURES: readonly [string, string][] = [
  ["Drop, Ctrl + V", "where a photo falls"],
];

const COMMANDS = new Map<string, Command>();
for (const commands of Object.values(KEYMAP)) {
  for (const command of commands) for (const key of command.keys) COMMANDS.set(key, command);
}

export const commandFor = (chord: string): Command | null => COMMANDS.get(chord) ?? null;

/** An event's keys as the table writes them. */
export function chordOf(event: KeyboardEvent): string {
  // AltGr, which writes [ and ] on many keyboards, is Ctrl and Alt to Windows.
  const altGr = event.getModifierState?.("AltGraph") ?? false;
  const modified = (event.ctrlKey || event.metaKey) && !altGr;
  const alt = event.altKey && !altGr;
  const key = event.key.length === 1 ? event.key.toLowerCase() : event.key;
  const plain = key === "Escape" || !(modified || alt || key.length > 1 || /[a-z]/.test(key));
  const shift = event.shiftKey && !plain;
  return [modified && "mod", alt && "alt", shift && "shift", key].filter(Boolean).join("+");
}

export const isMac = (): boolean =>
  typeof navigator !== "undefined" && /^Mac|^iP/.test(navigator.platform);

/** A shortcut as it is written on the keys of this machine. */
export const namedHere = (shown: string, mac = isMac()): string =>
  mac ? shown.replace("Ctrl", "⌘").replace("Alt", "⌥").replace("Shift", "⇧") : shown;
