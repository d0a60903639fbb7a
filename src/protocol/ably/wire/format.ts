/** The two formats of everything in the Ably protocol, and values from and to both of them. */
import { Packr } from 'msgpackr'
import { type Result, fail, ok } from '../../../failure.ts'
import { readMsgpack } from './msgpack-reader.ts'

export type Format = 'json' | 'msgpack'

/** Plain maps and numbers only, which every SDK's decoder knows; none of them has a word for undefined. */
const PLAIN = { useRecords: false, variableMapSize: true, skipValues: [undefined] }
const packr = new Packr(PLAIN)

/** MessagePack of a value. Undefined members are left out, as in JSON. */
export function pack(value: unknown): Uint8Array {
  return packr.pack(value)
}

export function unpack(bytes: Uint8Array): Result<unknown> {
  const read = readMsgpack(bytes)
  return read ? ok(read.value) : fail('bad_request', 'this is not valid MessagePack')
}

export function parse(text: string): Result<unknown> {
  try {
    return ok(JSON.parse(text) as unknown)
  } catch {
    return fail('bad_request', 'this is not valid JSON')
  }
}

/** Text of JSON or bytes of MessagePack, as a frame or body has them. */
export function encode(value: unknown, format: Format): string | Uint8Array {
  return format === 'json' ? JSON.stringify(value) : pack(value)
}
