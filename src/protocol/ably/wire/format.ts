/** The two wire formats, JSON and MessagePack, and conversion from and to both. */
import { type Result, fail, ok } from '../../../failure.ts'
import { cursorOf, isAtEnd } from './msgpack-cursor.ts'
import { readMsgpack } from './msgpack-reader.ts'
import { isStructure, structureAt } from './msgpack-structure.ts'
import { Spliced, type WireValue, listText, splice } from './spliced.ts'
import { holdStructures, structureOf } from './structure.ts'
import { writeMsgpack } from './msgpack-writer.ts'

export type Format = 'json' | 'msgpack'

/** MessagePack of a value. Undefined members are left out, as in JSON. */
export function pack(value: unknown): Uint8Array {
  return writeMsgpack(value)
}

export function unpack(bytes: Uint8Array): Result<unknown> {
  return unpacked(bytes, false)
}

/** Unpacks messages, presence or annotations; members that may be objects or arrays become structures. */
export function unpackEntries(bytes: Uint8Array): Result<unknown> {
  return unpacked(bytes, true)
}

function unpacked(bytes: Uint8Array, holds: boolean): Result<unknown> {
  const read = readMsgpack(bytes, holds)
  return read ? ok(read.value) : fail('bad_request', 'this is not valid MessagePack')
}

export function parse(text: string): Result<unknown> {
  try {
    return ok(JSON.parse(text) as unknown)
  } catch {
    return fail('bad_request', 'this is not valid JSON')
  }
}

/** As `unpackEntries`. */
export function parseEntries(text: string): Result<unknown> {
  const parsed = parse(text)
  if (parsed.ok) holdStructures(parsed.value, text)
  return parsed
}

/** Unpacks a value as a structure if it is an object or array. */
export function parseStructure(text: string): Result<unknown> {
  const parsed = parse(text)
  if (!parsed.ok || typeof parsed.value !== 'object' || parsed.value === null) return parsed
  return ok(structureOf(text, parsed.value))
}

/** As `parseStructure`. */
export function unpackStructure(bytes: Uint8Array): Result<unknown> {
  const cursor = cursorOf(bytes, false)
  if (!isStructure(cursor)) return unpack(bytes)
  const structure = structureAt(cursor)
  return isAtEnd(cursor) ? ok(structure) : fail('bad_request', 'this is not valid MessagePack')
}

const utf8 = new TextDecoder('utf-8', { fatal: true })

/** Decodes UTF-8 strictly. */
export function textOf(bytes: Uint8Array): Result<string> {
  try {
    return ok(utf8.decode(bytes))
  } catch {
    return fail('bad_request', 'this is not valid UTF-8')
  }
}

/** The members of an object that are lists of entries; one has one of them. */
export type ListName = 'messages' | 'presence' | 'annotations' | 'state'

/** An object of which the last member is a list of entries. */
export function encodeEntries<Name extends ListName>(
  whole: Readonly<Record<string, unknown>> & Readonly<Record<Name, readonly WireValue[]>>,
  name: Name,
  format: Format,
): string | Uint8Array {
  const entries: readonly WireValue[] = whole[name]
  if (format === 'msgpack' || !hasSpliced(entries)) return encode(whole, format)
  return splice({ ...whole, [name]: undefined }, { [name]: listText(entries) })
}

function hasSpliced(entries: readonly WireValue[]): boolean {
  for (const entry of entries) if (entry instanceof Spliced) return true
  return false
}

/** JSON text or MessagePack bytes. */
export function encode(value: unknown, format: Format): string | Uint8Array {
  if (format === 'msgpack') return pack(value)
  return value instanceof Spliced ? value.toText() : JSON.stringify(value)
}
