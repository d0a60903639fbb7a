/** Protocol messages of the realtime benchmarks: what the bare server answers and publishes is of the length that ours has. */
import type { Frame, KeptMessage, PresenceMessage } from '../../../src/core/types.ts'
import { ACTION } from '../../../src/protocol/ably/wire/actions.ts'
import { type Format, encode } from '../../../src/protocol/ably/wire/format.ts'
import { presenceFrame, publicationFrame } from '../../../src/protocol/ably/wire/frames.ts'
import { appMessage } from '../payload.ts'

/** A `msgSerial` to begin with: from here on numbers keep their length in both formats. */
export const FIRST_SERIAL = 1_000_000_000
/** What is published wherever nothing else is said: the `messages` of one frame. */
export const MESSAGES: readonly Published[] = [JSON.parse(appMessage(200)) as Published]
/** Whoever is present has a name of this length. */
export const memberName = (index: number) => `member-${String(index).padStart(5, '0')}`

export interface Published {
  readonly name: string
  readonly data: string
}

const CONNECTION_ID = 'aB3-xK9_pQ2r'
const POSITION = '01710000000000-000@aB3xK9pQ2r'
const SERIAL = `${POSITION}:000`
const TIMESTAMP = 1_710_000_000_000
const PLACED = {
  id: `${CONNECTION_ID}:${FIRST_SERIAL}`,
  connectionId: CONNECTION_ID,
  position: POSITION,
  timestamp: TIMESTAMP,
}
const MODES = 0x2f << 16

const MESSAGE: KeptMessage = {
  id: `${PLACED.id}:0`,
  ...MESSAGES[0]!,
  encoding: undefined,
  clientId: undefined,
  connectionId: CONNECTION_ID,
  extras: undefined,
  timestamp: TIMESTAMP,
  serial: SERIAL,
  action: 'create',
  version: { serial: SERIAL, timestamp: TIMESTAMP },
  summary: undefined,
}
const CHANGE: PresenceMessage = {
  action: 'enter',
  id: `${PLACED.id}:0`,
  clientId: memberName(0),
  connectionId: CONNECTION_ID,
  data: undefined,
  encoding: undefined,
  extras: undefined,
  timestamp: TIMESTAMP,
}

/** What subscribers get of a publish of `MESSAGES`. */
export function deliveredMessage(channel: string, format: Format): Frame {
  return publicationFrame({ kind: 'publication', ...PLACED, messages: [MESSAGE] }, channel, format)
}

/** What subscribers get of the same message when it is published over REST. */
export function deliveredPost(channel: string, format: Format): Frame {
  const id = CONNECTION_ID
  const messages = [{ ...MESSAGE, id: `${id}:0`, connectionId: undefined }]
  const placed = { ...PLACED, id, connectionId: undefined }
  return publicationFrame({ kind: 'publication', ...placed, messages }, channel, format)
}

/** What members get when one of them comes or goes. */
export function deliveredChange(channel: string, format: Format): Frame {
  return presenceFrame({ kind: 'presence', ...PLACED, changes: [CHANGE] }, channel, format)
}

/** What the publisher of one message is told. */
export function messageAck(format: Format): Frame {
  const res = [{ serials: [SERIAL] }]
  return encode({ action: ACTION.ACK, msgSerial: FIRST_SERIAL, count: 1, res }, format)
}

/** What somebody is told who came or went. */
export function presenceAck(format: Format): Frame {
  return encode({ action: ACTION.ACK, msgSerial: FIRST_SERIAL, count: 1 }, format)
}

export function connected(format: Format): Frame {
  const connectionDetails = {
    connectionKey: `${CONNECTION_ID}!aB3-xK9_pQ2raB3-xK9_`,
    clientId: '*',
    connectionStateTtl: 120_000,
    maxIdleInterval: 15_000,
    maxMessageSize: 65_536,
    maxFrameSize: 524_288,
  }
  const message = { action: ACTION.CONNECTED, connectionId: CONNECTION_ID, connectionDetails }
  return encode(message, format)
}

export function attached(channel: string, format: Format): Frame {
  const message = { action: ACTION.ATTACHED, channel, channelSerial: POSITION, flags: MODES }
  return encode(message, format)
}
