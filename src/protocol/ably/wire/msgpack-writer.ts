/**
 * Writes plain values as MessagePack. Whole numbers are written as such, however large: timestamps have more than
 * 32 bits, and readers in languages with types take no floating-point number where they expect a whole one.
 */
import { is64Bits } from './both-formats.ts'
import { Double } from './double.ts'
import { JsonScanner } from '../../../text/json-scanner.ts'
import { Spliced } from './spliced.ts'

const FIRST_CAPACITY = 8192
/** A buffer that has grown beyond this size is released after use. */
const KEPT_CAPACITY = 1024 * 1024
const UINT_32 = 2 ** 32
/** Longer text is encoded faster by the engine. */
const SHORT_TEXT = 40

type Members = Readonly<Record<string, unknown>>

/** One writer is enough, because writing is synchronous. */
let target = Buffer.allocUnsafeSlow(FIRST_CAPACITY)
let at = 0

/**
 * Members that are undefined are left out, as in JSON; undefined anywhere else is null.
 * @param value null, booleans, numbers, text, bytes, and arrays and plain objects of them
 */
export function writeMsgpack(value: unknown): Buffer {
  at = 0
  writeValue(value)
  const bytes = Buffer.allocUnsafe(at)
  bytes.set(target.subarray(0, at))
  if (target.byteLength > KEPT_CAPACITY) target = Buffer.allocUnsafeSlow(FIRST_CAPACITY)
  return bytes
}

/** The header of an array or a map whose contents are written separately. */
export function writeMsgpackHead(kind: 'array' | 'map', length: number): Buffer {
  at = 0
  if (kind === 'array') writeLength(length, 0x90, 0xdc)
  else writeLength(length, 0x80, 0xde)
  return Buffer.from(target.subarray(0, at))
}

function writeValue(value: unknown): void {
  switch (typeof value) {
    case 'string':
      return writeText(value)
    case 'number':
      return writeNumber(value)
    case 'boolean':
      return writeByte(value ? 0xc3 : 0xc2)
    case 'object':
      return value === null ? writeByte(0xc0) : writeObject(value)
    default:
      return writeByte(0xc0)
  }
}

function writeObject(value: object): void {
  if (Array.isArray(value)) return writeArray(value)
  if (value instanceof Uint8Array) return writeBytes(value)
  if (value instanceof Spliced) return writeSpliced(value)
  if (value instanceof Double) return writeFloat(value.value)
  writeMap(value as Members)
}

function writeArray(items: readonly unknown[]): void {
  writeLength(items.length, 0x90, 0xdc)
  for (const item of items) writeValue(item)
}

function writeMap(members: Members): void {
  writeLength(countOf(members), 0x80, 0xde)
  writeMembers(members)
}

function writeSpliced({ members, texts }: Spliced): void {
  writeLength(countOf(members) + countOf(texts), 0x80, 0xde)
  writeMembers(members)
  for (const name in texts) {
    const text = texts[name]
    if (text === undefined) continue
    writeText(name)
    writeJson(new JsonScanner(text))
  }
}

function countOf(members: Members): number {
  let count = 0
  for (const name in members) if (members[name] !== undefined) count++
  return count
}

function writeMembers(members: Members): void {
  for (const name of Object.keys(members)) {
    const value = members[name]
    if (value === undefined) continue
    writeText(name)
    writeValue(value)
  }
}

/** Converts JSON text, preserving order, repeated names and large integers. */
function writeJson(scanner: JsonScanner): void {
  const first = scanner.peek()
  if (first === 0x22) return writeText(scanner.takeText())
  if (first === 0x7b) return writeJsonItems(scanner, 0x80, 0xde)
  if (first === 0x5b) return writeJsonItems(scanner, 0x90, 0xdc)
  const word = scanner.take()
  if (word === 'null') writeByte(0xc0)
  else if (word === 'true' || word === 'false') writeByte(word === 'true' ? 0xc3 : 0xc2)
  else writeJsonNumber(word)
}

/** The number of items is filled in after they were written. */
function writeJsonItems(scanner: JsonScanner, fixed: number, head: number): void {
  const from = at
  writeByte(fixed)
  let count = 0
  const item = () => {
    count++
    writeJson(scanner)
  }
  if (head === 0xdc) scanner.items(item)
  else
    scanner.members((name) => {
      writeText(name)
      item()
    })
  if (count < 16) target[from] = fixed | count
  else makeRoomForLength(from, count, head)
}

function makeRoomForLength(from: number, count: number, head: number): void {
  const width = count < 0x10000 ? 2 : 4
  reserve(width)
  target.copyWithin(from + 1 + width, from + 1, at)
  const end = at + width
  at = from
  if (width === 2) writeHead(head, count, 2)
  else writeHead(head + 1, count, 4)
  at = end
}

function writeJsonNumber(word: string): void {
  const value = Number(word)
  const isInteger = !/[.eE]/.test(word) && !Object.is(value, -0)
  if (!isInteger) return writeFloat(value)
  if (Number.isSafeInteger(value)) return writeNumber(value)
  if (!is64Bits(word)) return writeFloat(value)
  writeByte(value < 0 ? 0xd3 : 0xcf)
  reserve(8)
  at = target.writeBigUInt64BE(BigInt.asUintN(64, BigInt(word)), at)
}

/** The header of a map or an array. */
function writeLength(length: number, fixed: number, head: number): void {
  if (length < 16) writeByte(fixed | length)
  else if (length < 0x10000) writeHead(head, length, 2)
  else writeHead(head + 1, length, 4)
}

function writeBytes(bytes: Uint8Array): void {
  const { byteLength } = bytes
  if (byteLength < 0x100) writeHead(0xc4, byteLength, 1)
  else if (byteLength < 0x10000) writeHead(0xc5, byteLength, 2)
  else writeHead(0xc6, byteLength, 4)
  reserve(byteLength)
  target.set(bytes, at)
  at += byteLength
}

function writeText(text: string): void {
  if (text.length < SHORT_TEXT && writeAscii(text)) return
  const byteLength = Buffer.byteLength(text)
  if (byteLength < 0x20) writeByte(0xa0 | byteLength)
  else if (byteLength < 0x100) writeHead(0xd9, byteLength, 1)
  else if (byteLength < 0x10000) writeHead(0xda, byteLength, 2)
  else writeHead(0xdb, byteLength, 4)
  reserve(byteLength)
  at += target.write(text, at)
}

/** @returns whether it was nothing but ASCII, and is written */
function writeAscii(text: string): boolean {
  const { length } = text
  reserve(length + 2)
  let end = at
  if (length >= 0x20) target[end++] = 0xd9
  target[end++] = length < 0x20 ? 0xa0 | length : length
  for (let i = 0; i < length; i++) {
    const code = text.charCodeAt(i)
    if (code > 0x7f) return false
    target[end++] = code
  }
  at = end
  return true
}

function writeNumber(value: number): void {
  if (!Number.isSafeInteger(value)) writeFloat(value)
  else if (value >= 0) writeUint(value)
  else writeNegative(value)
}

function writeUint(value: number): void {
  if (value < 0x80) writeByte(value)
  else if (value < 0x100) writeHead(0xcc, value, 1)
  else if (value < 0x10000) writeHead(0xcd, value, 2)
  else if (value < UINT_32) writeHead(0xce, value, 4)
  else writeLong(0xcf, value)
}

function writeNegative(value: number): void {
  if (value >= -0x20) writeByte(value & 0xff)
  else if (value >= -0x80) writeHead(0xd0, value & 0xff, 1)
  else if (value >= -0x8000) writeHead(0xd1, value & 0xffff, 2)
  else if (value >= -0x80000000) writeHead(0xd2, value >>> 0, 4)
  else writeLong(0xd3, value)
}

/** All 64 bits: those of a negative number are its two's complement. */
function writeLong(head: number, value: number): void {
  const upper = Math.floor(value / UINT_32)
  writeHead(head, upper >>> 0, 4)
  reserve(4)
  at = target.writeUInt32BE(value - upper * UINT_32, at)
}

function writeFloat(value: number): void {
  writeByte(0xcb)
  reserve(8)
  at = target.writeDoubleBE(value, at)
}

function writeByte(byte: number): void {
  reserve(1)
  target[at++] = byte
}

function writeHead(head: number, value: number, byteLength: 1 | 2 | 4): void {
  reserve(5)
  target[at++] = head
  if (byteLength === 4) target[at++] = value >>> 24
  if (byteLength === 4) target[at++] = value >>> 16
  if (byteLength >= 2) target[at++] = value >>> 8
  target[at++] = value
}

function reserve(byteLength: number): void {
  if (at + byteLength <= target.byteLength) return
  const larger = Buffer.allocUnsafeSlow(Math.max(target.byteLength * 2, at + byteLength))
  larger.set(target.subarray(0, at))
  target = larger
}
