import { describe, expect, it } from "vitest";
import { readSavedPage } from "../../src/saved/document";
import { makePage } from "./page";

async function packed(value: unknown): Promise<string> {
  const stream = new Blob([JSON.stringify(value)]).stream();
  const zipped = await new Response(
    stream.pipeThrough(new CompressionStream("gzip")),
  ).arrayBuffer();
  return btoa(String.fromCharCode(...new Uint8Array(zipped)));
}

const documentOf = (texts: Record<string, string>) => ({
  getElementById: (id: string) =>
    id in texts ? ({ textContent: texts[id] } as HTMLElement) : null,
});

describe("a saved page's document", () => {
  it("is read back, tables and blocks", async () => {
    const bytes = btoa(String.fromCharCode(0, 255, 128, 7));
    const saved = makePage();
    const { page, readBlock } = await readSavedPage(
      documentOf({ "aw-tables": await packed(saved), "aw-block-3": bytes }),
    );
    expect(page).toEqual(saved);
    expect([...readBlock(3)]).toEqual([0, 255, 128, 7]);
    expect(() => readBlock(4)).toThrow("aw-block-4");
  });

  it("fails loudly where something is missing, or of another version", async () => {
    await expect(readSavedPage(documentOf({}))).rejects.toThrow("incomplete");
    const later = await packed({ ...makePage(), format: 2 });
    await expect(readSavedPage(documentOf({ "aw-tables": later }))).rejects.toThrow("format 2");
  });
});
