import type { AnyModel } from "@anywidget/types";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import atlasWidget from "../src/index";
import type { Store } from "../src/store/store";
import { Model } from "./store/model";

const mounted = vi.hoisted(() => [] as unknown[]);
vi.mock("../src/mount", () => ({
  mount: (store: unknown) => {
    mounted.push(store);
    return () => {};
  },
}));

describe("the displays of a model", () => {
  beforeEach(() => {
    mounted.length = 0;
    vi.useFakeTimers();
  });
  afterEach(() => void vi.useRealTimers());

  const setUp = () => {
    const fake = new Model();
    const model = fake as unknown as AnyModel;
    const el = {} as HTMLElement;
    const { initialize, render } = atlasWidget();
    const hears = (store: unknown) => {
      fake.emit("msg:custom", { kind: "notice", message: "hello" });
      return (store as Store).banners.list.peek().length > 0;
    };
    return {
      fake,
      hears,
      initialize: () => initialize({ model }),
      render: () => render({ model, el }),
    };
  };

  it("share what initialize listens with, until that ends", () => {
    const { fake, hears, initialize, render } = setUp();
    const end = initialize();
    const leave = render();
    render();
    expect(mounted[0]).toBe(mounted[1]);
    leave();
    expect(hears(mounted[0])).toBe(true);
    end();
    expect(fake.count).toBe(0);
  });

  it("listen too where they come after initialize has ended", () => {
    const { fake, hears, initialize, render } = setUp();
    initialize()();
    const leave = render();
    expect(hears(mounted[0])).toBe(true);
    leave();
    expect(fake.count).toBe(0);
  });

  it("listen as long as one of them is there where nothing was initialized", () => {
    const { fake, hears, render } = setUp();
    const [first, other] = [render(), render()];
    expect(mounted[0]).toBe(mounted[1]);
    first();
    expect(hears(mounted[0])).toBe(true);
    other();
    expect(fake.count).toBe(0);
    const again = render();
    expect(hears(mounted[2])).toBe(true);
    again();
    expect(fake.count).toBe(0);
  });
});
