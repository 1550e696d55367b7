/** The float32 numbers in a buffer from the kernel, which may begin anywhere in its memory. */
export function floatsOf(bytes: Uint8Array | undefined): Float32Array {
  if (!bytes) return new Float32Array();
  const { buffer, byteOffset, byteLength } = bytes;
  return new Float32Array(buffer.slice(byteOffset, byteOffset + 4 * Math.floor(byteLength / 4)));
}
