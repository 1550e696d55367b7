/** Anything a canvas can draw, with its size, to be closed after use. */
export interface Decoded {
  source: CanvasImageSource;
  width: number;
  height: number;
  close(): void;
}

export type Canvas = OffscreenCanvas | HTMLCanvasElement;
export type Context2D = OffscreenCanvasRenderingContext2D | CanvasRenderingContext2D;

// Not in TypeScript's library of DOM types yet.
interface ImageDecoderLike {
  decode(): Promise<{ image: { displayWidth: number; displayHeight: number; close(): void } }>;
  close(): void;
}
type ImageDecoderConstructor = new (init: { data: Uint8Array; type: string }) => ImageDecoderLike;

/** The type by the first bytes: the kernel sends JPEG, a saved page may hold something else. */
export function imageType(bytes: Uint8Array): string {
  if (bytes[0] === 0x89 && bytes[1] === 0x50) return "image/png";
  if (bytes[0] === 0x52 && bytes[1] === 0x49) return "image/webp";
  return "image/jpeg";
}

/**
 * Decodes off the main thread. ImageDecoder is about twice as fast, but exists only in secure
 * contexts (https, localhost) and not in every browser.
 */
export async function decodeImage(bytes: Uint8Array): Promise<Decoded> {
  const Decoder = (globalThis as { ImageDecoder?: ImageDecoderConstructor }).ImageDecoder;
  if (Decoder) {
    try {
      const decoder = new Decoder({ data: bytes, type: imageType(bytes) });
      const { image } = await decoder.decode();
      return {
        source: image as unknown as CanvasImageSource,
        width: image.displayWidth,
        height: image.displayHeight,
        close: () => {
          image.close();
          decoder.close();
        },
      };
    } catch {
      // Falls through: what one decoder refuses the other may take.
    }
  }
  const bitmap = await createImageBitmap(
    new Blob([bytes as Uint8Array<ArrayBuffer>], { type: imageType(bytes) }),
  );
  return {
    source: bitmap,
    width: bitmap.width,
    height: bitmap.height,
    close: () => bitmap.close(),
  };
}

export function makeCanvas(width: number, height: number): Canvas {
  if (typeof OffscreenCanvas !== "undefined") return new OffscreenCanvas(width, height);
  const canvas = document.createElement("canvas");
  canvas.width = width;
  canvas.height = height;
  return canvas;
}

export function contextOf(canvas: Canvas): Context2D {
  const context = canvas.getContext("2d") as Context2D | null;
  if (!context) throw new Error("this browser gives no 2D canvas");
  return context;
}

/** A decoded picture as a canvas of its own, and the decoder's memory given back. */
export async function decodeToCanvas(bytes: Uint8Array): Promise<Canvas> {
  const decoded = await decodeImage(bytes);
  try {
    const canvas = makeCanvas(decoded.width, decoded.height);
    contextOf(canvas).drawImage(decoded.source, 0, 0);
    return canvas;
  } finally {
    decoded.close();
  }
}
