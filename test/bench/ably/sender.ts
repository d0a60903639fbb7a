/** Numbered frames of one client, made ahead: only their numbers are written when they are sent. */
import { ACTION } from '../../../src/protocol/ably/wire/actions.ts'
import { type Format, encode } from '../../../src/protocol/ably/wire/format.ts'
import { clientFrame } from '../payload.ts'
import type { Peer } from '../peer.ts'
import { FIRST_SERIAL, MESSAGES, type Published } from './frames.ts'

/** A frame whose number is still to be set. */
interface Template {
  readonly bytes: Uint8Array
  readonly format: Format
  readonly numberAt: number
}

/** Numbers of presence actions (TP2). */
const ENTER = 2
const LEAVE = 3

/** Sends the same messages again and again: one frame each, the given ones in turn. */
export function messageSender(
  peer: Peer,
  format: Format,
  publishes: readonly (readonly Published[])[] = [MESSAGES],
): (count: number) => void {
  const templates = publishes.map((messages) =>
    template({ action: ACTION.MESSAGE, channel: peer.channel, messages }, format),
  )
  return sender(peer, templates)
}

/** Enters the peer's channel and leaves it, in turn. */
export function presenceSender(peer: Peer, format: Format): (count: number) => void {
  const templates = [ENTER, LEAVE].map((action) =>
    template({ action: ACTION.PRESENCE, channel: peer.channel, presence: [{ action }] }, format),
  )
  return sender(peer, templates)
}

function template(message: Readonly<Record<string, unknown>>, format: Format): Template {
  const bytes = clientFrame(encode({ ...message, msgSerial: FIRST_SERIAL }, format))
  const number = Buffer.alloc(4)
  number.writeUInt32BE(FIRST_SERIAL)
  const numberAt = Buffer.from(bytes).indexOf(format === 'json' ? String(FIRST_SERIAL) : number)
  return { bytes, format, numberAt }
}

/** @returns a function that sends that many frames as one write */
function sender(peer: Peer, templates: readonly Template[]): (count: number) => void {
  let sent = 0
  return (count) => {
    const chosen = Array.from(
      { length: count },
      (_, at) => templates[(sent + at) % templates.length]!,
    )
    const burst = Buffer.alloc(chosen.reduce((sum, { bytes }) => sum + bytes.length, 0))
    let end = 0
    for (const { bytes, format, numberAt } of chosen) {
      burst.set(bytes, end)
      const serial = FIRST_SERIAL + sent++
      if (format === 'json') burst.write(String(serial), end + numberAt, 'latin1')
      else burst.writeUInt32BE(serial, end + numberAt)
      end += bytes.length
    }
    peer.send(burst)
  }
}
