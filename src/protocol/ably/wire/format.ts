/** The two formats of everything in the Ably protocol, and values from and to both of them. */
import { type Result, fail, ok } from '../../../failure.ts'
import { readMsgpack } from './msgpack-reader.ts'
import { writeMsgpack } from './msgpack-writer.ts'

export type Format = 'json' | 'msgpack'

/** MessagePack of a value. Undefined members are left out, as in JSON. */
export function pack(value: unknown): Uint8Array {
  return writeMsgpack(value)
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

const utf8 = new TextDecoder('utf-8', { fatal: true })

/** The same for JSON that comes as the bytes of UTF-8. */
export function parseBytes(bytes: Uint8Array): Result<unknown> {
  try {
    return parse(utf8.decode(bytes))
  } catch {
    return fail('bad_request', 'this is not valid UTF-8')
  }
}

/** Text of JSON or bytes of MessagePack, as a frame or body has them. */
export function encode(value: unknown, format: Format): string | Uint8Array {
  return format === 'json' ? JSON.stringify(value) : pack(value)
}
