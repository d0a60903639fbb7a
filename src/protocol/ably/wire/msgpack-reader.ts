/**
 * Reads MessagePack from strangers. Unlike a library's reader it is bounded in depth, makes nothing but plain
 * values whatever extension types are sent, and knows the names that most maps consist of.
 */

/** More than any message has, and little enough for everybody's stack. */
const MAX_DEPTH = 80

/** Once it is broken there is nothing to be read any more, and what has been read does not count. */
interface Cursor {
  readonly bytes: Buffer
  at: number
  isBroken: boolean
}

/**
 * Reads one value that takes up all of the bytes. Maps become objects; bytes are copied, so that they do not
 * keep the whole frame in memory. An extension becomes undefined: SDKs use but one, and mean that by it.
 * @returns undefined if it is not exactly one value, or nested too deeply
 */
export function readMsgpack(bytes: Uint8Array): { readonly value: unknown } | undefined {
  const cursor = { bytes: asBuffer(bytes), at: 0, isBroken: false }
  const value = readValue(cursor, MAX_DEPTH)
  return cursor.isBroken || cursor.at !== bytes.byteLength ? undefined : { value }
}

/** Frames are buffers as they come; to ask for the memory of one costs as much as to read a short one. */
function asBuffer(bytes: Uint8Array): Buffer {
  return Buffer.isBuffer(bytes)
    ? bytes
    : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
}

function readValue(cursor: Cursor, depth: number): unknown {
  const head = readUint(cursor, 1)
  if (head < 0x80) return head
  if (head < 0x90) return readMap(cursor, head & 0x0f, depth)
  if (head < 0xa0) return readArray(cursor, head & 0x0f, depth)
  if (head < 0xc0) return readText(cursor, head & 0x1f)
  if (head >= 0xe0) return head - 0x100
  return head < 0xd0 ? readOther(cursor, head) : readLong(cursor, head, depth)
}

function readOther(cursor: Cursor, head: number): unknown {
  switch (head) {
    case 0xc0:
      return null
    case 0xc2:
    case 0xc3:
      return head === 0xc3
    case 0xc4:
    case 0xc5:
    case 0xc6:
      return readBytes(cursor, readUint(cursor, 1 << (head - 0xc4)))
    case 0xc7:
    case 0xc8:
    case 0xc9:
      return skipExtension(cursor, readUint(cursor, 1 << (head - 0xc7)))
    case 0xca:
      return readFloat32(cursor)
    case 0xcb:
      return readFloat64(cursor)
    case 0xcc:
    case 0xcd:
    case 0xce:
      return readUint(cursor, 1 << (head - 0xcc))
    case 0xcf:
      return readUint(cursor, 4) * 2 ** 32 + readUint(cursor, 4)
    default:
      return broken(cursor)
  }
}

function readLong(cursor: Cursor, head: number, depth: number): unknown {
  switch (head) {
    case 0xd0:
      return (readUint(cursor, 1) << 24) >> 24
    case 0xd1:
      return (readUint(cursor, 2) << 16) >> 16
    case 0xd2:
      return readUint(cursor, 4) | 0
    case 0xd3:
      return (readUint(cursor, 4) | 0) * 2 ** 32 + readUint(cursor, 4)
    case 0xd9:
    case 0xda:
    case 0xdb:
      return readText(cursor, readUint(cursor, 1 << (head - 0xd9)))
    case 0xdc:
    case 0xdd:
      return readArray(cursor, readUint(cursor, 2 << (head - 0xdc)), depth)
    case 0xde:
    case 0xdf:
      return readMap(cursor, readUint(cursor, 2 << (head - 0xde)), depth)
    default:
      return skipExtension(cursor, 1 << (head - 0xd4))
  }
}

function broken(cursor: Cursor): undefined {
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
function readUint(cursor: Cursor, width: number): number {
  const from = skip(cursor, width)
  if (cursor.isBroken) return 0
  const { bytes } = cursor
  if (width === 1) return bytes[from]!
  return width === 2 ? bytes.readUInt16BE(from) : bytes.readUInt32BE(from)
}

function readFloat32(cursor: Cursor): number | undefined {
  const from = skip(cursor, 4)
  return cursor.isBroken ? undefined : cursor.bytes.readFloatBE(from)
}

function readFloat64(cursor: Cursor): number | undefined {
  const from = skip(cursor, 8)
  return cursor.isBroken ? undefined : cursor.bytes.readDoubleBE(from)
}

function readText(cursor: Cursor, length: number): string {
  const from = skip(cursor, length)
  return length === 0 || cursor.isBroken ? '' : cursor.bytes.toString('utf8', from, cursor.at)
}

function readBytes(cursor: Cursor, length: number): Uint8Array {
  const from = skip(cursor, length)
  return Uint8Array.prototype.slice.call(cursor.bytes, from, cursor.at)
}

function skipExtension(cursor: Cursor, length: number): undefined {
  skip(cursor, length + 1)
}

/** Lists and maps grow with what is there, whatever length is announced. */
function readArray(cursor: Cursor, length: number, depth: number): unknown {
  if (depth === 0) return broken(cursor)
  const items: unknown[] = []
  for (let i = 0; i < length && !cursor.isBroken; i++) items.push(readValue(cursor, depth - 1))
  return items
}

function readMap(cursor: Cursor, length: number, depth: number): unknown {
  if (depth === 0) return broken(cursor)
  const map: Record<string, unknown> = {}
  for (let i = 0; i < length && !cursor.isBroken; i++) {
    const key = readKey(cursor)
    const value = readValue(cursor, depth - 1)
    // As JSON has it: a member like any other, and not what the object inherits from.
    if (key === '__proto__') Object.defineProperty(map, key, { ...OWN, value })
    else map[key] = value
  }
  return map
}

const OWN = { configurable: true, enumerable: true, writable: true }

/** By length and first byte. Making a text costs more than comparing one. */
const KNOWN_KEYS: readonly (string | undefined)[] = (() => {
  const keys: (string | undefined)[] = Array.from({ length: 16 << 8 })
  for (const key of [
    'action,auth,accessToken,channel,channelSerial,clientId,connectionId,count,data,encoding,error,extras',
    'flags,headers,id,messages,messageSerial,metadata,msgSerial,name,params,presence,serial,timestamp',
    'type,version',
  ].flatMap((line) => line.split(',')))
    keys[(key.length << 8) | key.charCodeAt(0)] ??= key
  return keys
})()

function readKey(cursor: Cursor): string {
  const { bytes, at } = cursor
  const length = (bytes[at] ?? 0) - 0xa0
  if (length > 0 && length < 16) {
    const known = KNOWN_KEYS[(length << 8) | (bytes[at + 1] ?? 0)]
    if (known !== undefined && isAt(bytes, at + 1, known)) {
      cursor.at += 1 + length
      return known
    }
  }
  const key = readValue(cursor, 0)
  if (typeof key === 'string') return key
  if (typeof key !== 'number') broken(cursor)
  return String(key)
}

function isAt(bytes: Uint8Array, from: number, text: string): boolean {
  for (let i = 1; i < text.length; i++) if (bytes[from + i] !== text.charCodeAt(i)) return false
  return true
}
