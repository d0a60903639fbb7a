/**
 * Reads MessagePack from strangers. Unlike a library's reader it is bounded in depth, makes nothing but plain
 * values whatever extension types are sent, and knows the names that most maps consist of.
 */

import {
  type Cursor,
  broken,
  cursorOf,
  isAtEnd,
  readBytes,
  readExtension,
  readFloat32,
  readFloat64,
  readInt64,
  readText,
  readUint,
  readUint64,
} from './msgpack-cursor.ts'
import { isStructure, structureAt } from './msgpack-structure.ts'
import { HELD } from './structure.ts'

/** Nesting that is deeper than any message, and safe for the stack. */
const MAX_DEPTH = 80

/**
 * Reads one value that takes up all of the bytes. Maps become objects; bytes are copied, so that they do not
 * keep the whole frame in memory. Integers that JavaScript has no number for become big ones, and what it has nothing
 * for a symbol that says what it is, which is nothing that anybody asks for.
 * @param holds whether objects and arrays that stand for data and the like become structures
 * @returns undefined if it is not exactly one value, or nested too deeply
 */
export function readMsgpack(
  bytes: Uint8Array,
  holds = false,
): { readonly value: unknown } | undefined {
  const cursor = cursorOf(bytes, holds)
  const value = readValue(cursor, MAX_DEPTH)
  return isAtEnd(cursor) ? { value } : undefined
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
      return readExtension(cursor, readUint(cursor, 1 << (head - 0xc7)))
    case 0xca:
      return readFloat32(cursor)
    case 0xcb:
      return readFloat64(cursor)
    case 0xcc:
    case 0xcd:
    case 0xce:
      return readUint(cursor, 1 << (head - 0xcc))
    case 0xcf:
      return readUint64(cursor)
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
      return readInt64(cursor)
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
      return readExtension(cursor, 1 << (head - 0xd4))
  }
}

/** Lists and maps grow with the items that are read, whatever length is announced. */
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
    const value =
      cursor.holds && isStructure(cursor) && HELD.has(key)
        ? structureAt(cursor)
        : readValue(cursor, depth - 1)
    // As in JSON, `__proto__` is a member like any other, and not the prototype.
    if (key === '__proto__') Object.defineProperty(map, key, { ...OWN, value })
    else map[key] = value
  }
  return map
}

const OWN = { configurable: true, enumerable: true, writable: true }

/** Known names by length and first byte, because comparing bytes costs less than making a text. */
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
  if (typeof key !== 'number') {
    broken(cursor)
    return ''
  }
  return String(key)
}

function isAt(bytes: Uint8Array, from: number, text: string): boolean {
  for (let i = 1; i < text.length; i++) if (bytes[from + i] !== text.charCodeAt(i)) return false
  return true
}
