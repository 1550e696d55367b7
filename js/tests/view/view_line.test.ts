import { describe, expect, it } from "vitest";
import { type KeptView, numbersInPython, viewLine } from "../../src/view/view_line";

const home: KeptView = {
  layer: "blocks.4.2",
  subject: [],
  viewport: null,
  level: 20,
  fixedLevel: null,
  selection: [],
  overlay: "pictures",
  opened: null,
};

describe("the line that returns to a view", () => {
  it("says no more than the layer at home", () => {
    expect(viewLine(home)).toBe('w.view = {"layer": "blocks.4.2"}');
  });

  it("names all that differs, in Python", () => {
    const line = viewLine({
      ...home,
      viewport: [0.123456, -0.5, 0.3, 1],
      level: 40,
      fixedLevel: 80,
      selection: [3, 10, 11, 12, 20, 21],
      overlay: 'influence: "O\'Hare" café',
      opened: [80, 17],
    });
    expect(line).toBe(
      'w.view = {"layer": "blocks.4.2", "viewport": [0.1235, -0.5, 0.3, 1], "fixed_level": 80, ' +
        '"level": 40, "selection": [3, *range(10, 13), 20, 21], ' +
        '"overlay": "influence: \\"O\'Hare\\" café", "opened": [80, 17]}',
    );
  });

  it("writes what follows on each other as ranges", () => {
    expect(numbersInPython([])).toBe("[]");
    expect(numbersInPython([5])).toBe("[5]");
    expect(numbersInPython([1, 2])).toBe("[1, 2]");
    expect(numbersInPython([0, 1, 2, 3])).toBe("[*range(0, 4)]");
  });
});
