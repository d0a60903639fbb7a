/** Integers of RFC 3284: seven bits a byte, the most significant first, with a continuation bit on all but the last. */

/** @param value at least 0 and below 2^31 */
export function integerSize(value: number): number {
  if (value < 0x80) return 1
  return value < 0x4000 ? 2 : value < 0x20_0000 ? 3 : value < 0x1000_0000 ? 4 : 5
}

export function pushInteger(bytes: number[], value: number): void {
  for (let shift = 7 * (integerSize(value) - 1); shift > 0; shift -= 7) {
    bytes.push(0x80 | ((value >>> shift) & 0x7f))
  }
  bytes.push(value & 0x7f)
}
