/** How a client of the realtime protocol gets in: connected, then attached to its channel. */
import type { Frame } from '../../../src/core/types.ts'
import { ACTION } from '../../../src/protocol/ably/wire/actions.ts'
import { type Format, encode, parse, unpack } from '../../../src/protocol/ably/wire/format.ts'
import { isRecord } from '../../../src/protocol/ably/wire/json-value.ts'
import type { Door, Guest } from '../door.ts'
import { clientFrame, firstFrameContent } from '../payload.ts'
import { memberName } from './frames.ts'

export interface Manners {
  readonly key: string
  /** Of the crowd's first, its second and so on, and over again. */
  readonly formats: readonly Format[]
  /** Of the attachments. */
  readonly params?: Readonly<Record<string, string>>
  /** Whether everybody has a client id of their own. */
  readonly named?: boolean
}

/** Long enough that no heartbeat mixes with the counted bytes. */
const HEARTBEAT_MS = 1_800_000

export function ablyDoor({ key, formats, named, params }: Manners): Door {
  const formatOf = ({ index }: Guest) => formats[index % formats.length]!
  const rest =
    `v=6&key=${encodeURIComponent(key)}&agent=ably-js%2F2.28.0%20bun&heartbeats=true` +
    `&heartbeatInterval=${HEARTBEAT_MS}`
  return {
    address: (guest) => {
      const name = named ? `&clientId=${memberName(guest.index)}` : ''
      return `/?bench=${guest.channel}&format=${formatOf(guest)}&${rest}${name}`
    },
    welcome: (frame, at, guest) => {
      const { action } = decoded(contentOf(frame))
      if (at === 1) return action === ACTION.ATTACHED ? 'in' : 'refused'
      if (action !== ACTION.CONNECTED) return 'refused'
      const attach = { action: ACTION.ATTACH, channel: guest.channel, params }
      return clientFrame(encode(attach, formatOf(guest)))
    },
  }
}

/** What is in the first of a server's frames: text or bytes, by the kind of frame that it is (RFC 6455). */
export function contentOf(chunk: Uint8Array): Frame {
  const content = firstFrameContent(chunk)
  return chunk[0] === 0x81 ? Buffer.from(content).toString() : content
}

/** A protocol message; an empty one where it cannot be read. */
export function decoded(frame: Frame): Readonly<Record<string, unknown>> {
  const read = typeof frame === 'string' ? parse(frame) : unpack(frame)
  return read.ok && isRecord(read.value) ? read.value : {}
}
