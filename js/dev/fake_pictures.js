/** Synthetic pictures that somewhat resemble real ones, the same each time. */

export const TILE = 64;
export const TEXTURES = 240;

/** Deterministic numbers in [0, 1). */
export function makeRandom(seed) {
  let state = seed >>> 0 || 1;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 4294967296;
  };
}

function hueToRgb(hue, light) {
  const channel = (shift) => light * (0.62 + 0.38 * Math.cos(2 * Math.PI * (hue + shift)));
  return [channel(0), channel(-1 / 3), channel(-2 / 3)];
}

/** A picture that somewhat resembles a feature inversion: waves around a centre, soft colours. */
export function paintTexture(index, side, sharpness) {
  const random = makeRandom(index * 7919 + 13);
  const hue = (index / TEXTURES) * 1.7 + random() * 0.12;
  const waves = Array.from({ length: 5 }, () => ({
    angle: random() * Math.PI,
    frequency: (0.012 + random() ** 2 * 0.075) * (64 / side),
    phase: random() * 6.28,
    hue: hue + (random() - 0.5) * 0.4,
    bend: (random() - 0.5) * 0.09 * (64 / side) ** 2,
  }));
  const [cx, cy] = [side * (0.35 + 0.3 * random()), side * (0.35 + 0.3 * random())];
  const pixels = new Uint8ClampedArray(side * side * 4);
  for (let y = 0; y < side; y++) {
    for (let x = 0; x < side; x++) {
      const dx = x - cx;
      const dy = y - cy;
      const distance = Math.hypot(dx, dy);
      const sum = [0.5, 0.5, 0.5];
      for (const wave of waves) {
        const along = dx * Math.cos(wave.angle) + dy * Math.sin(wave.angle);
        const value = Math.sin(
          wave.frequency * along * 6.28 + wave.phase + wave.bend * distance * distance * 0.08,
        );
        const colour = hueToRgb(wave.hue, 0.34 * sharpness);
        for (let c = 0; c < 3; c++)
          sum[c] += value * colour[c] * Math.exp(-distance / (side * 0.7));
      }
      const at = (y * side + x) * 4;
      for (let c = 0; c < 3; c++) pixels[at + c] = 255 * sum[c];
      pixels[at + 3] = 255;
    }
  }
  return new ImageData(pixels, side, side);
}

const textures = new Map();
export function texture(index, state) {
  const key = `${index}/${state}`;
  if (!textures.has(key)) {
    const canvas = new OffscreenCanvas(TILE, TILE);
    const context = canvas.getContext("2d");
    context.putImageData(
      paintTexture(
        index + (state === "crop" ? 500 : 0),
        TILE,
        { crop: 0.7, rough: 0.55, final: 1 }[state],
      ),
      0,
      0,
    );
    textures.set(key, canvas);
  }
  return textures.get(key);
}

export async function toJpeg(canvas) {
  const blob = await canvas.convertToBlob({ type: "image/jpeg", quality: 0.9 });
  return new DataView(await blob.arrayBuffer());
}

export const wait = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
