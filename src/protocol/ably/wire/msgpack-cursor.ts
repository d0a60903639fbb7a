/** Reads the parts of MessagePack one after the other. */
import { isUtf8 } from 'node:buffer'

/** A position in MessagePack. Once it is broken, nothing that was read counts. */
export interface Cursor {
  readonly bytes: Buffer
  /** Whether objects and arrays in the place of data become structures. */
  readonly holds: boolean
  at: number
  isBroken: boolean
}

/** A value that JavaScript cannot hold, with a description of it. */
export const EXTENSION = Symbol('an extension type of MessagePack')
export const BAD_TEXT = Symbol('text that is not valid UTF-8')

export function cursorOf(bytes: Uint8Array, holds: boolean): Cursor {
  return { bytes: asBuffer(bytes), holds, at: 0, isBroken: false }
}

/** Uses the buffer of a frame as it is, because making a view costs as much as reading a short frame. */
function asBuffer(bytes: Uint8Array): Buffer {
  return Buffer.isBuffer(bytes)
    ? bytes
    : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
}

/** Whether everything was read without an error. */
export function isAtEnd({ at, bytes, isBroken }: Cursor): boolean {
  return !isBroken && at === bytes.byteLength
}

export function broken(cursor: Cursor): undefined {
  cursor.isBroken = true
}

/** @returns where the bytes begin that it goes past; if there are not as many, it is broken */
function skip(cursor: Cursor, length: number): number {
  const from = cursor.at
  if (length > cursor.bytes.length - from) cursor.isBroken = true
  else cursor.at = from + length
  return from
}

/** @param width 1, 2 or 4 bytes */
export function readUint(cursor: Cursor, width: number): number {
  const from = skip(cursor, width)
  if (cursor.isBroken) return 0
  const { bytes } = cursor
  if (width === 1) return bytes[from]!
  return width === 2 ? bytes.readUInt16BE(from) : bytes.readUInt32BE(from)
}

export function readUint64(cursor: Cursor): number | bigint {
  const from = skip(cursor, 8)
  if (cursor.isBroken) return 0
  const { bytes } = cursor
  const value = bytes.readUInt32BE(from) * 2 ** 32 + bytes.readUInt32BE(from + 4)
  return Number.isSafeInteger(value) ? value : bytes.readBigUInt64BE(from)
}

export function readInt64(cursor: Cursor): number | bigint {
  const from = skip(cursor, 8)
  if (cursor.isBroken) return 0
  const { bytes } = cursor
  const value = bytes.readInt32BE(from) * 2 ** 32 + bytes.readUInt32BE(from + 4)
  return Number.isSafeInteger(value) ? value : bytes.readBigInt64BE(from)
}

export function readFloat32(cursor: Cursor): number {
  const from = skip(cursor, 4)
  return cursor.isBroken ? 0 : cursor.bytes.readFloatBE(from)
}

export function readFloat64(cursor: Cursor): number {
  const from = skip(cursor, 8)
  return cursor.isBroken ? 0 : cursor.bytes.readDoubleBE(from)
}

const REPLACEMENT = '\ufffd'

export function readText(cursor: Cursor, length: number): string | symbol {
  const from = skip(cursor, length)
  if (length === 0 || cursor.isBroken) return ''
  const { at, bytes } = cursor
  const text = bytes.toString('utf8', from, at)
  // The replacement character: the bytes may be invalid, or contain the character itself.
  return text.includes(REPLACEMENT) && !isUtf8(bytes.subarray(from, at)) ? BAD_TEXT : text
}

export function readBytes(cursor: Cursor, length: number): Uint8Array {
  const from = skip(cursor, length)
  return Uint8Array.prototype.slice.call(cursor.bytes, from, cursor.at)
}

/** @returns undefined for the one that SDKs mean that by: a single zero of the type 0 */
export function readExtension(cursor: Cursor, length: number): symbol | undefined {
  const from = skip(cursor, length + 1)
  const { bytes } = cursor
  return length === 1 && bytes[from] === 0 && bytes[from + 1] === 0 ? undefined : EXTENSION
}

/** Skips values with everything in them, without recursion. */
export function skipValues(cursor: Cursor, count: number): void {
  let left = count
  for (; left > 0 && !cursor.isBroken; left--) {
    const head = readUint(cursor, 1)
    if (head < 0x80 || head >= 0xe0) continue
    if (head < 0x90) left += 2 * (head & 0x0f)
    else if (head < 0xa0) left += head & 0x0f
    else if (head < 0xc0) skip(cursor, head & 0x1f)
    else left += skipLong(cursor, head)
  }
}

/** Bytes that follow a head of 0xca to 0xd8. */
const FIXED = [4, 8, 1, 2, 4, 8, 1, 2, 4, 8, 2, 3, 5, 9, 17]

/** @returns how many values follow that belong to it */
function skipLong(cursor: Cursor, head: number): number {
  if (head >= 0xde) return 2 * readUint(cursor, 2 << (head - 0xde))
  if (head >= 0xdc) return readUint(cursor, 2 << (head - 0xdc))
  if (head >= 0xd9) skip(cursor, readUint(cursor, 1 << (head - 0xd9)))
  else if (head >= 0xca) skip(cursor, FIXED[head - 0xca]!)
  else if (head >= 0xc7) skip(cursor, readUint(cursor, 1 << (head - 0xc7)) + 1)
  else if (head >= 0xc4) skip(cursor, readUint(cursor, 1 << (head - 0xc4)))
  return 0
}
