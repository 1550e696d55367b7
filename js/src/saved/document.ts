import { FORMAT, type ReadBlock, type SavedPage } from "./format";

/** The elements with data: tables (JSON, gzip) and pictures, each in base64. */
const TABLES = "aw-tables";
const blockId = (block: number) => `aw-block-${block}`;

/** Reads what is embedded in a document; fails loudly where something is missing. */
export async function readSavedPage(
  document: Pick<Document, "getElementById">,
): Promise<{ page: SavedPage; readBlock: ReadBlock }> {
  const bytesOf = (id: string) => {
    const text = document.getElementById(id)?.textContent;
    if (!text) throw new Error(`This page is incomplete: it lacks ${id}.`);
    return fromBase64(text);
  };
  const page = JSON.parse(await unzip(bytesOf(TABLES))) as SavedPage;
  if (page.format !== FORMAT) {
    throw new Error(`This page has format ${page.format}, which is not ${FORMAT}.`);
  }
  return { page, readBlock: (block) => bytesOf(blockId(block)) };
}

export function fromBase64(text: string): Uint8Array<ArrayBuffer> {
  const binary = atob(text);
  const bytes = new Uint8Array(binary.length);
  for (let at = 0; at < binary.length; at++) bytes[at] = binary.charCodeAt(at);
  return bytes;
}

async function unzip(bytes: Uint8Array<ArrayBuffer>): Promise<string> {
  if (typeof DecompressionStream === "undefined") {
    throw new Error("this browser is too old for it (it has no DecompressionStream).");
  }
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"));
  return new Response(stream).text();
}
