/** The float32 numbers in a buffer from the kernel, which may begin anywhere in its memory. */
export function floatsOf(bytes: Uint8Array | undefined): Float32Array {
  if (!bytes) return new Float32Array();
  const { buffer, byteOffset, byteLength } = bytes;
  return new Float32Array(buffer.slice(byteOffset, byteOffset + 4 * Math.floor(byteLength / 4)));
}

/** The uint16 numbers in a buffer from the kernel. */
export function shortsOf(bytes: Uint8Array | undefined): Uint16Array {
  if (!bytes) return new Uint16Array();
  const { buffer, byteOffset, byteLength } = bytes;
  return new Uint16Array(buffer.slice(byteOffset, byteOffset + 2 * Math.floor(byteLength / 2)));
}
