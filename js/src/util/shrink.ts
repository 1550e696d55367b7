import { contextOf, makeCanvas } from "./decode";

/** No side longer than this (pixels): a network is given a few hundred. */
const LONGEST = 1024;
const QUALITY = 0.92;

/** An image file as a JPEG of moderate size, upright. Rejects what this browser cannot read. */
export async function shrinkImage(file: Blob): Promise<Uint8Array<ArrayBuffer>> {
  const bitmap = await createImageBitmap(file, { imageOrientation: "from-image" });
  try {
    const scale = Math.min(1, LONGEST / Math.max(bitmap.width, bitmap.height));
    const canvas = makeCanvas(
      Math.max(1, Math.round(bitmap.width * scale)),
      Math.max(1, Math.round(bitmap.height * scale)),
    );
    const context = contextOf(canvas);
    context.fillStyle = "#fff"; // under what is transparent
    context.fillRect(0, 0, canvas.width, canvas.height);
    context.drawImage(bitmap, 0, 0, canvas.width, canvas.height);
    const blob =
      canvas instanceof HTMLCanvasElement
        ? await new Promise<Blob | null>((done) => canvas.toBlob(done, "image/jpeg", QUALITY))
        : await canvas.convertToBlob({ type: "image/jpeg", quality: QUALITY });
    if (!blob) throw new Error("this browser writes no JPEG");
    return new Uint8Array(await blob.arrayBuffer());
  } finally {
    bitmap.close();
  }
}
