/** Frames of any event, in either format, as the published client reads them. */
import { describe, expect, test } from 'bun:test'
import fc from 'fast-check'
import type { Occupancy, PresenceMessage } from '../../../../src/core/types.ts'
import { ACTION } from '../../../../src/protocol/ably/wire/actions.ts'
import { type Format, parse, unpack } from '../../../../src/protocol/ably/wire/format.ts'
import {
  annotationFrame,
  controlFrame,
  occupancyFrame,
  presenceFrame,
  publicationFrame,
  syncFrame,
} from '../../../../src/protocol/ably/wire/frames.ts'
import type { WireValue } from '../../../../src/protocol/ably/wire/spliced.ts'
import {
  annotationValue,
  messageValue,
  presenceValue,
} from '../../../../src/protocol/ably/wire/values.ts'
import { msgpack, received } from './ably-client.ts'
import { annotation, message, presence } from './arbitrary.ts'

const FORMATS = ['json', 'msgpack'] as const
const CHANNEL = '[?rewind=1]ro"om'

type Frame = ReturnType<typeof controlFrame>

interface ProtocolMessage extends Record<string, unknown> {
  readonly messages?: Record<string, unknown>[]
  readonly presence?: Record<string, unknown>[]
  readonly annotations?: Record<string, unknown>[]
}

function decoded(frame: Frame, format: Format): ProtocolMessage {
  expect(typeof frame).toBe(format === 'json' ? 'string' : 'object')
  const read = typeof frame === 'string' ? parse(frame) : unpack(frame)
  if (!read.ok) throw new Error(read.failure.name)
  const value = typeof frame === 'string' ? read.value : msgpack.decode(Buffer.from(frame))
  return value as ProtocolMessage
}

/** What every reader of a protocol message does with its entries (TM2a, TM2c, TM2f, TM2s). */
function completed(parent: ProtocolMessage): Record<string, unknown>[] {
  const entries = parent.messages ?? parent.presence ?? parent.annotations ?? []
  return entries.map((entry, index) => {
    entry['id'] ??= `${String(parent['id'])}:${index}`
    entry['connectionId'] ??= parent['connectionId']
    entry['timestamp'] ??= parent['timestamp']
    return parent.messages ? withVersion(entry) : entry
  })
}

function withVersion(entry: Record<string, unknown>): Record<string, unknown> {
  entry['version'] ??= { serial: entry['serial'], timestamp: entry['timestamp'] }
  return entry
}

/** Messages that share some members with their event and not others. */
const placed = fc.record({
  position: fc.constant('01700000000000-000@a'),
  id: fc.string({ minLength: 1 }),
  connectionId: fc.option(fc.string({ minLength: 1 }), { nil: undefined }),
  timestamp: fc.integer({ min: 1, max: 2 ** 45 }),
})
type Placed = typeof placed extends fc.Arbitrary<infer P> ? P : never

function settled<T extends object>(event: Placed, entries: readonly T[], agrees: number): T[] {
  const { id, connectionId, timestamp } = event
  return entries.map((entry, index) => ({
    ...entry,
    ...(agrees & 1 && { id: `${id}:${index}` }),
    ...(agrees & 2 && { connectionId }),
    ...(agrees & 4 && { timestamp }),
  }))
}

const several = <T>(one: fc.Arbitrary<T>) => fc.array(one, { minLength: 1, maxLength: 3 })
const agreement = fc.nat({ max: 7 })
const head = ({ id, position, timestamp }: Placed) => ({
  id,
  channel: CHANNEL,
  channelSerial: position,
  timestamp,
})

describe.each(FORMATS)('in %s', (format) => {
  const plain = (values: readonly WireValue[]) => values.map((value) => received(value, format))

  test('writes messages', () => {
    fc.assert(
      fc.property(placed, several(message), agreement, (event, some, agrees) => {
        const messages = settled(event, some, agrees)
        const publication = { kind: 'publication', ...event, messages } as const
        const frame = decoded(publicationFrame(publication, CHANNEL, format), format)
        expect(frame).toMatchObject({ action: 15, ...head(event) })
        const alone = messages.map((kept) => messageValue(kept, format))
        expect(completed(frame)).toEqual(plain(alone).map(withVersion))
      }),
    )
  })

  test('writes given messages instead of those of the event', () => {
    fc.assert(
      fc.property(placed, several(message), agreement, (event, some, agrees) => {
        const messages = settled(event, some, agrees)
        const publication = { kind: 'publication', ...event, messages: [] } as const
        const frame = decoded(publicationFrame(publication, CHANNEL, format, { messages }), format)
        for (const entry of frame.messages!) expect(entry).toHaveProperty('id')
        const alone = messages.map((kept) => messageValue(kept, format))
        expect(completed(frame)).toEqual(plain(alone).map(withVersion))
      }),
    )
  })

  test('writes presence', () => {
    fc.assert(
      fc.property(placed, several(presence), agreement, (event, some, agrees) => {
        const own = { ...event, connectionId: event.connectionId ?? 'c' }
        const changes = settled(own, some, agrees)
        const frame = decoded(
          presenceFrame({ kind: 'presence', ...own, changes }, CHANNEL, format),
          format,
        )
        expect(frame).toMatchObject({ action: 14, ...head(own) })
        const alone = changes.map((kept) => presenceValue(kept, format))
        expect(completed(frame)).toEqual(plain(alone))
      }),
    )
  })

  test('writes annotations', () => {
    fc.assert(
      fc.property(placed, several(annotation), agreement, (event, some, agrees) => {
        const annotations = settled(event, some, agrees & 5)
        const frame = decoded(
          annotationFrame({ kind: 'annotation', ...event, annotations }, CHANNEL, format),
          format,
        )
        expect(frame).toMatchObject({ action: 21, ...head(event) })
        const alone = annotations.map((kept) => annotationValue(kept, format))
        const read = completed(frame)
        // Annotations have no connection of their own.
        for (const entry of read) {
          expect(entry['connectionId']).toBe(event.connectionId)
          delete entry['connectionId']
        }
        expect(read).toEqual(plain(alone))
      }),
    )
  })

  test('writes members', () => {
    fc.assert(
      fc.property(several(presence), (members) => {
        const frame = decoded(syncFrame(CHANNEL, 's1:', members, format), format)
        const present = members.map(
          (member) => ({ ...member, action: 'present' }) as PresenceMessage,
        )
        expect(frame).toEqual({
          action: 16,
          channel: CHANNEL,
          channelSerial: 's1:',
          presence: plain(present.map((member) => presenceValue(member, format))),
        })
        expect(decoded(syncFrame(CHANNEL, undefined, [], format), format)).toEqual({
          action: 16,
          channel: CHANNEL,
          presence: [],
        })
      }),
    )
  })

  test('writes occupancy, whole or one number', () => {
    const occupancy: Occupancy = {
      connections: 1,
      publishers: 2,
      subscribers: 3,
      presenceConnections: 4,
      presenceMembers: 5,
      presenceSubscribers: 6,
      objectPublishers: 7,
      objectSubscribers: 8,
    }
    const event = { kind: 'occupancy', id: 'o', occupancy, timestamp: 9 } as const
    const entry = { name: '[meta]occupancy', encoding: 'json', action: 3 }
    const frame = { action: 15, id: 'o:0', channel: CHANNEL, timestamp: 9 }
    expect(decoded(occupancyFrame(event, CHANNEL, format), format)).toEqual({
      ...frame,
      messages: [{ ...entry, data: JSON.stringify({ metrics: occupancy }) }],
    })
    expect(decoded(occupancyFrame(event, CHANNEL, format, 'presenceMembers'), format)).toEqual({
      ...frame,
      messages: [{ ...entry, data: '{"metrics":{"presenceMembers":5}}' }],
    })
  })

  test('writes other frames with zeros and without absent members', () => {
    const ack = { action: ACTION.ACK, msgSerial: 0, count: 1, res: [{ serials: ['s', null] }] }
    const frame = controlFrame({ ...ack, error: undefined, more: { a: undefined } }, format)
    expect(decoded(frame, format)).toStrictEqual({ ...ack, more: {} })
  })
})

describe('what a reader fills in', () => {
  const message1 = {
    id: 'c1:0:0',
    name: undefined,
    data: 'x',
    encoding: undefined,
    clientId: undefined,
    connectionId: 'c1',
    extras: undefined,
    timestamp: 5,
    serial: 'p:000',
    action: 'create',
    version: { serial: 'p:000', timestamp: 5 },
    summary: undefined,
  } as const
  const event = {
    kind: 'publication',
    position: 'p',
    id: 'c1:0',
    connectionId: 'c1',
    timestamp: 5,
    messages: [message1, { ...message1, id: 'mine' }],
  } as const

  test('is left out', () => {
    expect(publicationFrame(event, 'room', 'json')).toBe(
      '{"action":15,"id":"c1:0","connectionId":"c1","channel":"room","channelSerial":"p","timestamp":5,' +
        '"messages":[{"data":"x","action":0,"serial":"p:000"},' +
        '{"id":"mine","data":"x","action":0,"serial":"p:000"}]}',
    )
  })

  test('is not added to messages without a connection', () => {
    const guest = { ...message1, connectionId: undefined }
    const frame = publicationFrame({ ...event, messages: [message1, guest] }, 'room', 'json')
    const { connectionId, messages } = decoded(frame, 'json')
    expect(connectionId).toBeUndefined()
    expect(messages!.map((entry) => entry['connectionId'])).toEqual(['c1', undefined])
  })
})
