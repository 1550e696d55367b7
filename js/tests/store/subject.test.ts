import { signal } from "@preact/signals";
import { describe, expect, it } from "vitest";
import { ticksOf } from "../../src/geometry/axes";
import { colourBySubject } from "../../src/overlays/subject_colour";
import type { OverlayChoice } from "../../src/store/overlay_choice";
import {
  ALL,
  classSubject,
  comparisonSubject,
  isSame,
  nameSubject,
  readSubject,
  type Subject,
} from "../../src/store/subject";

describe("what an atlas is about", () => {
  it("is all samples wherever the trait says nothing that is understood", () => {
    for (const odd of [undefined, null, "class", [1, 2], {}]) expect(readSubject(odd)).toEqual(ALL);
    expect(readSubject(["class", "liner"])).toEqual(classSubject("liner"));
  });

  it("is told apart by kind and classes, and named by its classes", () => {
    expect(isSame(classSubject("liner"), ["class", "liner"])).toBe(true);
    expect(isSame(classSubject("liner"), ["winning", "liner"])).toBe(false);
    expect(nameSubject(ALL)).toBe("all samples");
    expect(nameSubject(comparisonSubject("liner", "fireboat"))).toBe("liner | fireboat");
  });
});

describe("the colour of a class's atlas", () => {
  const made = (before: OverlayChoice = { kind: "pictures" }) => {
    const subject = signal<Subject | null>(null);
    const overlay = signal<OverlayChoice>(before);
    const intensity = signal(0.65);
    const names = signal(["liner", "fireboat"]);
    colourBySubject({ subject: () => subject.value, names, overlay, intensity });
    subject.value = ALL;
    return { subject, overlay, intensity };
  };

  it("comes and goes with it", () => {
    const { subject, overlay, intensity } = made();
    subject.value = classSubject("fireboat");
    expect(overlay.value).toEqual({ kind: "influence", class: 1 });
    expect(intensity.value).toBeLessThan(0.65);
    subject.value = classSubject("liner");
    expect(overlay.value).toEqual({ kind: "influence", class: 0 });
    subject.value = ALL;
    expect(overlay.value).toEqual({ kind: "pictures" });
    expect(intensity.value).toBe(0.65);
  });

  it("leaves alone what the user chose, before or in between", () => {
    const chosen = made({ kind: "density" });
    chosen.subject.value = classSubject("liner");
    expect(chosen.overlay.value).toEqual({ kind: "density" });
    const changed = made();
    changed.subject.value = classSubject("liner");
    changed.overlay.value = { kind: "fidelity" };
    changed.subject.value = ALL;
    expect(changed.overlay.value).toEqual({ kind: "fidelity" });
  });

  it("is not put on anew by a page that was reloaded", () => {
    const subject = signal<Subject | null>(classSubject("liner"));
    const overlay = signal<OverlayChoice>({ kind: "pictures" });
    const names = signal(["liner"]);
    const intensity = signal(0.65);
    colourBySubject({ subject: () => subject.value, names, overlay, intensity });
    expect(overlay.value).toEqual({ kind: "pictures" });
  });
});

describe("ticks of an axis", () => {
  const axis = { label: "a − b", low: 2, high: -2, low_label: "a", high_label: "b" };

  it("are round values at their places, from left to right", () => {
    const ticks = ticksOf(axis, 100, 400, 600);
    expect(ticks.map(({ value }) => value)).toEqual([2, 1, 0, -1, -2].map((v) => v + 0));
    expect(ticks.map(({ at }) => at)).toEqual([100, 200, 300, 400, 500]);
  });

  it("are finer and only what is in view, once one has zoomed in", () => {
    const ticks = ticksOf(axis, -1700, 4000, 600);
    expect(ticks.length).toBeGreaterThan(4);
    for (const { at } of ticks) expect(at >= 0 && at <= 600).toBe(true);
    expect(ticks.some(({ value }) => value === 0)).toBe(true);
  });

  it("are none where places are no values, or the axis is out of view", () => {
    expect(ticksOf({ ...axis, low: null, high: null }, 0, 400, 600)).toEqual([]);
    expect(ticksOf(axis, 900, 400, 600)).toEqual([]);
  });
});
