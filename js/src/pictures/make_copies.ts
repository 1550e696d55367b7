/** The factors by which copies of a sheet are smaller than sent; the last is the thumbnails'. */
export type Divisor = 1 | 2 | 4 | 8;

export interface Copies {
  width: number;
  height: number;
  bitmaps: { divisor: Divisor; bitmap: ImageBitmap }[];
}

/**
 * Decodes a sheet and makes copies of it at several sizes. Real crops lose much of their colour
 * (`mute`), so that nobody takes them for what the layer sees.
 *
 * It runs in a worker, to which it travels as its own source text: it may use nothing from outside
 * but what every worker has.
 */
export async function makeCopies(
  bytes: Uint8Array<ArrayBuffer>,
  divisors: readonly Divisor[],
  mute: boolean,
): Promise<Copies> {
  // The type by the first bytes: the kernel sends JPEG, a saved page may hold something else.
  const type = bytes[0] === 0x89 ? "image/png" : bytes[0] === 0x52 ? "image/webp" : "image/jpeg";
  interface Picture {
    displayWidth: number;
    displayHeight: number;
    close(): void;
  }
  // Not in TypeScript's library of DOM types yet. Quicker than createImageBitmap, but it exists
  // only in secure contexts (https, localhost) and not in every browser.
  const Decoder = (globalThis as { ImageDecoder?: unknown }).ImageDecoder as
    | (new (
        init: object,
      ) => { decode(): Promise<{ image: Picture }>; close(): void })
    | undefined;
  let source: CanvasImageSource | null = null;
  let [width, height] = [0, 0];
  let close = () => {};
  if (Decoder) {
    try {
      const decoder = new Decoder({ data: bytes, type });
      const { image } = await decoder.decode();
      source = image as unknown as CanvasImageSource;
      [width, height] = [image.displayWidth, image.displayHeight];
      close = () => {
        image.close();
        decoder.close();
      };
    } catch {
      // What one decoder refuses the other may take.
    }
  }
  if (!source) {
    const bitmap = await createImageBitmap(new Blob([bytes], { type }));
    source = bitmap;
    [width, height] = [bitmap.width, bitmap.height];
    close = () => bitmap.close();
  }
  const paint = (from: CanvasImageSource, w: number, h: number) => {
    const canvas = new OffscreenCanvas(Math.max(1, w), Math.max(1, h));
    const context = canvas.getContext("2d")!;
    // Exact 2 by 2 averages, so that no picture bleeds into its neighbour.
    context.imageSmoothingQuality = "low";
    context.drawImage(from, 0, 0, canvas.width, canvas.height);
    return { canvas, context };
  };
  let { canvas, context } = paint(source, width, height);
  close();
  if (mute) {
    context.globalCompositeOperation = "saturation";
    context.globalAlpha = 0.72;
    context.fillStyle = "#808080";
    context.fillRect(0, 0, width, height);
  }
  const bitmaps: Copies["bitmaps"] = [];
  const smallest = Math.max(...divisors);
  for (let divisor = 1; divisor <= smallest; divisor *= 2) {
    if (divisor > 1) {
      ({ canvas, context } = paint(
        canvas,
        Math.floor(width / divisor),
        Math.floor(height / divisor),
      ));
    }
    if (divisors.includes(divisor as Divisor)) {
      const bitmap = await createImageBitmap(canvas);
      bitmaps.push({ divisor: divisor as Divisor, bitmap });
    }
  }
  return { width, height, bitmaps };
}
