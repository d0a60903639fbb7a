/**
 * Data and its encoding. What the channel keeps is the same whatever format it came in: bytes are bytes, and a
 * `base64` at the end of an encoding is undone. All other steps belong to the clients (RSL4, RSL6).
 */
import { type Result, fail, ok } from '../../../failure.ts'
import type { Format } from './format.ts'
import { Structure } from './structure.ts'

export interface Payload {
  readonly data: string | Uint8Array | undefined
  readonly encoding: string | undefined
}

/** The longest encoding; real ones have four steps at most. */
const MAX_ENCODING_LENGTH = 256

const NONE: Payload = { data: undefined, encoding: undefined }
const NOTHING: Result<Payload> = ok(NONE)

/**
 * @param value text, bytes, or what people send who write JSON by hand: an object or array, which is kept as its text
 * @returns `data_invalid` for any other data, and for an encoding that is no text
 */
export function readData(value: unknown, encoding: unknown): Result<Payload> {
  if (value === undefined || value === null) return NOTHING
  const steps = encoding ?? undefined
  if (steps !== undefined && !isEncoding(steps))
    return fail('data_invalid', 'the encoding is not valid')
  if (typeof value === 'string') return readText(value, steps || undefined)
  if (value instanceof Uint8Array) return ok({ data: value, encoding: steps || undefined })
  return readStructure(value, steps || undefined)
}

/** Encodings must be ASCII, as those of all known clients are. */
function isEncoding(steps: unknown): steps is string {
  return typeof steps === 'string' && steps.length <= MAX_ENCODING_LENGTH && steps.isWellFormed()
}

function readText(data: string, encoding: string | undefined): Result<Payload> {
  // Text with unpaired surrogates cannot be encoded in UTF-8, so it would be changed.
  if (!data.isWellFormed())
    return fail('data_invalid', 'the text of data holds half of a surrogate pair')
  return ok(unfolded(data, encoding))
}

function unfolded(data: string, encoding: string | undefined): Payload {
  if (encoding !== 'base64' && !encoding?.endsWith('/base64')) return { data, encoding }
  const bytes = Buffer.from(data, 'base64')
  const text = bytes.toString('base64')
  // Otherwise its reader would not get what was sent. ably-ruby breaks the text into lines, which say nothing.
  if (text !== data && text !== data.replaceAll('\n', '')) return { data, encoding }
  return { data: bytes, encoding: encoding.slice(0, -'/base64'.length) || undefined }
}

function readStructure(value: unknown, encoding: string | undefined): Result<Payload> {
  if (typeof value === 'symbol') return fail('data_invalid', `data cannot be ${value.description}`)
  if (!(value instanceof Structure))
    return fail('data_invalid', 'data is text, bytes, an object or an array')
  if (encoding !== undefined)
    return fail('data_invalid', 'an encoding is of data that is text or bytes')
  if (value.fault) return { ok: false, failure: value.fault }
  return ok({ data: value.text, encoding: 'json' })
}

/** Data and encoding in a wire format. */
export function writeData({ data, encoding }: Payload, format: Format): Payload {
  if (data === undefined) return NONE
  if (typeof data === 'string' || format === 'msgpack') return { data, encoding }
  return {
    data: Buffer.from(data.buffer, data.byteOffset, data.byteLength).toString('base64'),
    encoding: encoding === undefined ? 'base64' : `${encoding}/base64`,
  }
}
