import { describe, expect, it } from "vitest";
import { DecodedCopies, divisorFor } from "../../src/pictures/copies";
import { DecodingQueue, type Task } from "../../src/pictures/decoder";
import { type Copies, makeCopies } from "../../src/pictures/make_copies";
import { type Sheet, supersedes } from "../../src/pictures/picture";

const sheet = (serial: number) => ({ serial, tile: 64, columns: 8 }) as Sheet;
const bitmap = (side: number, closed: number[] = [], name = 0) =>
  ({ width: side, height: side, close: () => closed.push(name) }) as unknown as ImageBitmap;

describe("the copy of a picture", () => {
  it("is the smallest that is large enough", () => {
    expect(divisorFor(7, 64)).toBeNull();
    expect(divisorFor(15, 64)).toBe(4);
    expect(divisorFor(33, 64)).toBe(2);
    expect(divisorFor(64, 64)).toBe(1);
    expect(divisorFor(500, 64)).toBe(1);
  });

  it("is kept within a bound, whatever is looked at", () => {
    const closed: number[] = [];
    const copies = new DecodedCopies(4 * 512 * 512 * 4);
    for (let key = 0; key < 100; key++) copies.add(sheet(key), 1, bitmap(512, closed, key));
    expect(copies.bytes).toBeLessThanOrEqual(copies.bound);
    expect(copies.peak).toBeLessThanOrEqual(copies.bound);
    expect(closed).toEqual(Array.from({ length: 96 }, (_, key) => key));
    expect(copies.get(sheet(99), 1)).toBeDefined();
    expect(copies.get(sheet(95), 1)).toBeUndefined();
  });

  it("may be another size of the same picture, rather a finer one", () => {
    const copies = new DecodedCopies(1e9);
    copies.add(sheet(1), 4, bitmap(128));
    expect(copies.nearest(sheet(1), 2)?.divisor).toBe(4);
    copies.add(sheet(1), 1, bitmap(512));
    expect(copies.nearest(sheet(1), 2)?.divisor).toBe(1);
    copies.drop(sheet(1));
    expect(copies.nearest(sheet(1), 2)).toBeNull();
    expect(copies.bytes).toBe(0);
  });
});

describe("the order of decoding", () => {
  const task = (name: number): Task => ({
    bytes: Uint8Array.of(name),
    divisors: [1],
    mute: false,
  });
  const setUp = () => {
    const order: number[] = [];
    const finish: (() => void)[] = [];
    const queue = new DecodingQueue(({ bytes }) => {
      order.push(bytes[0]);
      return new Promise((resolve) => finish.push(() => resolve({} as Copies)));
    });
    /** Ends one after the other until nothing runs. */
    const drain = async () => {
      for (let done = 0; done < finish.length; done++) {
        finish[done]();
        await new Promise((resolve) => setTimeout(resolve));
      }
    };
    return { order, queue, drain };
  };

  it("takes the last wish first, and what arrives in turn with it", async () => {
    const { order, queue, drain } = setUp();
    void queue.decodeAgain(task(1));
    void queue.decodeAgain(task(2));
    for (const name of [3, 4, 5]) void queue.decodeAgain(task(name));
    for (const name of [11, 12]) void queue.decodeFresh(task(name));
    expect(order).toEqual([1, 2]);
    await drain();
    expect(order.filter((name) => name < 10)).toEqual([1, 2, 5, 4, 3]);
    expect(order.filter((name) => name > 10)).toEqual([11, 12]);
    expect(order.indexOf(11)).toBeLessThan(order.indexOf(4));
  });

  it("drops what waits when all is void, and says so", async () => {
    const { order, queue, drain } = setUp();
    const running = queue.decodeFresh(task(1));
    void queue.decodeFresh(task(2));
    const dropped = queue.decodeFresh(task(3));
    queue.clear();
    await expect(dropped).rejects.toThrow("no longer wanted");
    await drain();
    await running;
    expect(order).toEqual([1, 2]);
  });
});

describe("the text that travels to the worker", () => {
  it("uses nothing from outside but what every worker has", async () => {
    class Canvas {
      constructor(
        readonly width: number,
        readonly height: number,
      ) {}
      getContext() {
        return { drawImage() {}, fillRect() {} };
      }
    }
    const worker = {
      ImageDecoder: undefined,
      Blob: class {},
      OffscreenCanvas: Canvas,
      createImageBitmap: async (from: { width?: number; height?: number }) =>
        from instanceof Canvas ? from : { width: 512, height: 256, close() {} },
    };
    const names = Object.keys(worker);
    const made = new Function("globalThis", ...names, `return (${makeCopies.toString()})`);
    const alone = made(worker, ...Object.values(worker)) as typeof makeCopies;
    const { bitmaps } = await alone(Uint8Array.of(0xff, 0xd8), [2, 8], true);
    expect(bitmaps.map(({ divisor, bitmap }) => [divisor, bitmap.width, bitmap.height])).toEqual([
      [2, 256, 128],
      [8, 64, 32],
    ]);
  });
});

describe("a picture that arrives", () => {
  it("never goes back to a lesser state", () => {
    const at = (state: "crop" | "rough" | "final", number: number) => ({ state, sheet: number });
    expect(supersedes(at("rough", 1), at("crop", 9))).toBe(true);
    expect(supersedes(at("crop", 9), at("rough", 1))).toBe(false);
    expect(supersedes(at("final", 9), at("final", 3))).toBe(true);
    expect(supersedes(at("final", 3), at("final", 9))).toBe(false);
  });
});
