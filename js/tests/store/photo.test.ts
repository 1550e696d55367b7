import { beforeEach, describe, expect, it, vi } from "vitest";
import type { BrowserMessage, KernelMessageOf } from "../../src/protocol/messages";
import { Photo } from "../../src/store/photo";
import { shrinkImage } from "../../src/util/shrink";

vi.mock("../../src/util/shrink", () => ({ shrinkImage: vi.fn() }));

const placed: KernelMessageOf<"photo_placed"> = {
  kind: "photo_placed",
  revision: 0,
  name: "dog.jpg",
  rows: 7,
  columns: 7,
  positions: [8, 12],
  x: [0.25, 0.75],
  y: [0.5, 1],
  cosine: [0.8, 0.2],
  usual: 0.4,
  samples: [17, 3],
};

describe("a photo", () => {
  let sent: [BrowserMessage, Uint8Array[]][];
  let photo: Photo;
  beforeEach(() => {
    sent = [];
    photo = new Photo((message, buffers) => sent.push([message, buffers]));
  });

  it("is sent as a small JPEG, with no more of a name than a message takes", async () => {
    vi.mocked(shrinkImage).mockResolvedValue(new Uint8Array([1, 2]));
    await photo.place(new Blob(), "a".repeat(500));
    expect(sent).toEqual([
      [{ kind: "place_photo", name: "a".repeat(200) }, [new Uint8Array([1, 2])]],
    ]);
  });

  it("that cannot be read is not sent", async () => {
    vi.mocked(shrinkImage).mockRejectedValue(new Error("no image"));
    await expect(photo.place(new Blob(), "x.txt")).rejects.toThrow();
    expect(sent).toEqual([]);
  });

  it("has its positions by row and column, those that are like nothing marked", () => {
    photo.receive(placed, undefined);
    expect(photo.placed.value?.positions).toEqual([
      { row: 1, column: 1, x: 0.25, y: 0.5, cosine: 0.8, unusual: false },
      { row: 1, column: 5, x: 0.75, y: 1, cosine: 0.2, unusual: true },
    ]);
    photo.receive({ ...placed, usual: null }, undefined);
    expect(photo.placed.value?.positions.some(({ unusual }) => unusual)).toBe(false);
  });

  it("goes with its layout; where it is removed the kernel is told", () => {
    photo.receive(placed, undefined);
    photo.clear();
    expect(photo.placed.value).toBeNull();
    expect(sent).toEqual([]);
    photo.receive(placed, undefined);
    photo.remove();
    expect(photo.placed.value).toBeNull();
    expect(sent.map(([message]) => message)).toEqual([{ kind: "remove_photo" }]);
  });
});
