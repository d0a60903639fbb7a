/** How the published Ably client reads and writes values. */
import Ably from 'ably'
import { type Format, encode } from '../../../../src/protocol/ably/wire/format.ts'

interface MsgPack {
  encode(value: unknown, isSparse: boolean): Uint8Array
  decode(bytes: Uint8Array): unknown
}

/** The client's own MessagePack, which is not part of its types. */
export const msgpack = (Ably.Realtime as unknown as { readonly _MsgPack: MsgPack })._MsgPack

/** How the client reads a value of ours from the wire. */
export function received(value: unknown, format: Format): Record<string, unknown> {
  const wire = encode(value, format)
  const read = typeof wire === 'string' ? JSON.parse(wire) : msgpack.decode(Buffer.from(wire))
  return read as Record<string, unknown>
}
