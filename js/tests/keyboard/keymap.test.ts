import { describe, expect, it } from "vitest";
import { chordOf, commandFor, KEYMAP, namedHere } from "../../src/keyboard/keymap";
import { nextItem } from "../../src/keyboard/roving";

type Pressed = Partial<KeyboardEvent> & { altGraph?: boolean };

const chord = ({ altGraph = false, ...event }: Pressed) =>
  chordOf({ ...event, getModifierState: () => altGraph } as unknown as KeyboardEvent);

describe("the table of keys", () => {
  it("gives every key one meaning", () => {
    const keys = Object.values(KEYMAP).flatMap((commands) =>
      commands.flatMap((command) => command.keys),
    );
    expect(keys.length).toBe(new Set(keys).size);
    for (const key of keys) expect(commandFor(key)).not.toBeNull();
  });
});

describe("what was pressed", () => {
  it("is named by sign, whatever it takes to write that", () => {
    expect(chord({ key: "?", shiftKey: true })).toBe("?");
    expect(chord({ key: "[", ctrlKey: true, altKey: true, altGraph: true })).toBe("[");
    expect(chord({ key: "R" })).toBe("r");
    expect(chord({ key: "+", shiftKey: true })).toBe("+");
  });

  it("keeps Ctrl and ⌘, Alt, and Shift where it means something", () => {
    expect(chord({ key: "Z", metaKey: true, shiftKey: true })).toBe("mod+shift+z");
    expect(chord({ key: "a", ctrlKey: true })).toBe("mod+a");
    expect(chord({ key: "ArrowLeft", altKey: true })).toBe("alt+ArrowLeft");
    expect(chord({ key: "ArrowLeft", shiftKey: true })).toBe("shift+ArrowLeft");
    expect(chord({ key: "V", shiftKey: true })).toBe("shift+v");
    expect(commandFor(chord({ key: "r", ctrlKey: true }))).toBeNull();
  });

  it("is written as on the keys of the machine", () => {
    expect(namedHere("Ctrl + Shift + Z", true)).toBe("⌘ + ⇧ + Z");
    expect(namedHere("Ctrl + Shift + Z", false)).toBe("Ctrl + Shift + Z");
  });
});

describe("controls that share a tab stop", () => {
  it("are gone through by the arrows of their direction, round the ends", () => {
    expect(nextItem("ArrowRight", 2, 3, "horizontal")).toBe(0);
    expect(nextItem("ArrowLeft", 0, 3, "horizontal")).toBe(2);
    expect(nextItem("ArrowDown", 0, 3, "horizontal")).toBeNull();
    expect(nextItem("ArrowDown", 0, 3, "both")).toBe(1);
    expect(nextItem("End", 0, 3, "vertical")).toBe(2);
    expect(nextItem("Enter", 0, 3, "vertical")).toBeNull();
    expect(nextItem("Home", 0, 0, "vertical")).toBeNull();
  });
});
