import { describe, expect, it } from "vitest";
import { placeNames } from "../../src/geometry/placed_names";

const camera = { k: 400, x: 0, y: 0 };
const size = { width: 400, height: 400 };
const named = (name: string, x: number, y: number) => ({ name, x, y });
const shown = (placed: ReturnType<typeof placeNames>) => placed.map(({ named: { name } }) => name);

describe("names on the map", () => {
  it("lie where they are, moved and scaled with the map", () => {
    const [only] = placeNames([named("cat", 0.5, 0.25)], { k: 800, x: -200, y: 10 }, size);
    expect(only.at).toEqual({ x: 200, y: 210 });
  });

  it("give way to those before them", () => {
    const all = [named("buildings", 0.5, 0.5), named("sky", 0.52, 0.5), named("sea", 0.5, 0.6)];
    expect(shown(placeNames(all, camera, size))).toEqual(["buildings", "sea"]);
    expect(shown(placeNames(all.reverse(), camera, size))).toEqual(["sea", "sky"]);
  });

  it("are left out where they would be cut off", () => {
    const all = [named("buildings", 0.01, 0.5), named("sky", 0.5, 0.01), named("sea", 0.5, 0.5)];
    expect(shown(placeNames(all, camera, size))).toEqual(["sea"]);
  });

  it("never lie over what is pointed at", () => {
    const all = [named("sea", 0.5, 0.5), named("sky", 0.2, 0.2)];
    expect(shown(placeNames(all, camera, size, [{ x: 205, y: 195 }]))).toEqual(["sky"]);
  });
});
