/** The direction of a cell, channel by channel, and how unusual each value is in the layer. */
export interface Profile {
  /** The cell's mean activation. */
  mean: Float32Array;
  /** Mean and standard deviation over all samples. */
  usual: Float32Array;
  deviation: Float32Array;
}

export interface Channel {
  index: number;
  value: number;
  usual: number;
  deviation: number;
  /** Standard deviations by which the cell's mean lies above what is usual. */
  unusual: number;
}

export type ChannelOrder = "unusual" | "largest";

/** Three rows of float32, little-endian; null if that is not what the bytes are. */
export function readProfile(bytes: Uint8Array | undefined, channels: number): Profile | null {
  if (!bytes || channels < 1 || bytes.byteLength !== 12 * channels) return null;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const row = (number: number) =>
    Float32Array.from({ length: channels }, (_, at) =>
      view.getFloat32(4 * (number * channels + at), true),
    );
  return { mean: row(0), usual: row(1), deviation: row(2) };
}

export function channelOf(profile: Profile, index: number): Channel {
  const value = profile.mean[index];
  const usual = profile.usual[index];
  const deviation = profile.deviation[index];
  // A channel that never varies tells nothing apart.
  const unusual = deviation > 0 ? (value - usual) / deviation : 0;
  return { index, value, usual, deviation, unusual };
}

/** The channels that stand out most, either way. */
export function strongestChannels(profile: Profile, order: ChannelOrder, count: number): Channel[] {
  const weigh = ({ unusual, value }: Channel) => Math.abs(order === "unusual" ? unusual : value);
  return Array.from(profile.mean, (_, index) => channelOf(profile, index))
    .sort((a, b) => weigh(b) - weigh(a) || a.index - b.index)
    .slice(0, count);
}

export function cosineOf(a: ArrayLike<number>, b: ArrayLike<number>): number | null {
  let [dot, aa, bb] = [0, 0, 0];
  for (let at = 0; at < a.length; at++) {
    dot += a[at] * b[at];
    aa += a[at] * a[at];
    bb += b[at] * b[at];
  }
  return a.length === b.length && aa > 0 && bb > 0 ? dot / Math.sqrt(aa * bb) : null;
}

/** The direction that the kernel is asked for by `inspect_mix`. */
export function mixOf(first: Float32Array, other: Float32Array, share: number): Float32Array {
  return first.map((value, at) => (1 - share) * value + share * other[at]);
}
