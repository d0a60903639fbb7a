/** Frames as the published client writes and reads them, over a socket, in both formats. */
import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import Ably from 'ably'
import type { KeptMessage, PresenceMessage } from '../../../../src/core/types.ts'
import { readAnnotations } from '../../../../src/protocol/ably/wire/annotation-reader.ts'
import {
  annotationFrame,
  occupancyFrame,
  presenceFrame,
  publicationFrame,
  syncFrame,
} from '../../../../src/protocol/ably/wire/frames.ts'
import { readMessages } from '../../../../src/protocol/ably/wire/message-reader.ts'
import { readPresence } from '../../../../src/protocol/ably/wire/presence-reader.ts'
import { LoopServer } from './loop-server.ts'

const LIMITS = { maxMessageBytes: 65_536, maxMessages: 1000 }
const CHANNEL = 'room'
const BYTES = Buffer.of(0, 255, 128)

const draft = {
  name: undefined,
  data: undefined,
  encoding: undefined,
  clientId: undefined,
  extras: undefined,
}
const kept: KeptMessage = {
  ...draft,
  id: 'c2:0:0',
  connectionId: 'c2',
  timestamp: 1_700_000_000_000,
  serial: 'p1:000',
  action: 'create',
  version: { serial: 'p1:000', timestamp: 1_700_000_000_000 },
  summary: undefined,
}
const placed = { position: 'p1', id: 'c2:0', connectionId: 'c2', timestamp: kept.timestamp }
const member: PresenceMessage = {
  ...draft,
  action: 'enter',
  id: 'c2:1:0',
  clientId: 'ann',
  connectionId: 'c2',
  timestamp: kept.timestamp,
}

/** The next few that a subscription hears. */
function collector<T>(count: number): { hear: (item: T) => void; heard: Promise<T[]> } {
  const items: T[] = []
  const { promise, resolve } = Promise.withResolvers<T[]>()
  const hear = (item: T) => {
    if (items.push(item) === count) resolve(items)
  }
  return { hear, heard: promise }
}

describe.each(['json', 'msgpack'] as const)('the published client, in %s', (format) => {
  let server: LoopServer
  let client: Ably.Realtime
  let channel: Ably.RealtimeChannel

  beforeAll(async () => {
    server = new LoopServer(format)
    client = new Ably.Realtime({
      key: 'app.key:secret',
      endpoint: '127.0.0.1',
      port: server.port,
      tls: false,
      useBinaryProtocol: format === 'msgpack',
      transports: ['web_socket'],
      logLevel: 0,
    })
    channel = client.channels.get(CHANNEL, {
      params: { rewind: '1' },
      modes: [
        'SUBSCRIBE',
        'PUBLISH',
        'PRESENCE',
        'PRESENCE_SUBSCRIBE',
        'ANNOTATION_PUBLISH',
        'ANNOTATION_SUBSCRIBE',
      ],
    })
    await channel.attach()
  })

  afterAll(async () => {
    client.close()
    await client.connection.whenState('closed')
    await server.end()
  })

  test('reads ATTACHED', () => {
    const [attach] = server.of('attach')
    expect(attach).toMatchObject({ channel: CHANNEL, params: new Map([['rewind', '1']]) })
    expect(attach!.flags & 0xff_ff_00_00).toBe(0b0110_1111_0000_0000_0000_0000)
  })

  test('publishes messages that are read as meant', async () => {
    await channel.publish([
      { name: 'text', data: 'héllo', id: 'b:0' },
      { name: 'json', data: { a: [1] }, id: 'b:1', extras: { headers: { n: 1 } } },
      { name: 'bytes', data: BYTES, id: 'b:2', clientId: 'me' },
      { id: 'b:3' },
    ])
    const read = readMessages(server.of('message').at(-1)!.messages, LIMITS)
    if (!read.ok) throw new Error(read.failure.message)
    expect(read.value.batchId).toBe('b')
    const [text, json, bytes, nothing] = read.value.drafts
    expect(text).toEqual({ ...draft, id: 'b:0', name: 'text', data: 'héllo' })
    const extras = '{"headers":{"n":1}}'
    const structure = { data: '{"a":[1]}', encoding: 'json' }
    expect(json).toEqual({ ...draft, ...structure, id: 'b:1', name: 'json', extras })
    expect(Buffer.from(bytes!.data as Uint8Array)).toEqual(BYTES)
    expect(bytes).toMatchObject({ encoding: undefined, clientId: 'me' })
    expect(nothing).toEqual({ ...draft, id: 'b:3' })
  })

  test('changes messages as meant', async () => {
    const details = { description: 'typo', metadata: { why: 'x' } }
    await channel.updateMessage({ ...kept, name: 'n', data: 'd' } as never, details)
    await channel.appendMessage({ serial: 's2', data: ' more' } as never)
    const [update, append] = server.of('message').slice(-2)
    const read = readMessages(update!.messages, LIMITS)
    expect(read).toMatchObject({
      value: {
        drafts: [],
        edits: [
          {
            action: 'update',
            serial: 'p1:000',
            draft: { name: 'n', data: 'd' },
            version: { description: 'typo', metadata: '{"why":"x"}' },
          },
        ],
      },
    })
    expect(readMessages(append!.messages, LIMITS)).toMatchObject({
      value: { edits: [{ action: 'append', serial: 's2', draft: { data: ' more' } }] },
    })
  })

  test('enters, updates and leaves as meant', async () => {
    await channel.presence.enterClient('ann', { a: 1 })
    await channel.presence.updateClient('ann', BYTES)
    await channel.presence.leaveClient('ann')
    const drafts = server.of('presence').map(({ presence }) => {
      const read = readPresence(presence, undefined, { connectionId: 'c1', limits: LIMITS })
      if (!read.ok) throw new Error(read.failure.message)
      return read.value[0]!
    })
    expect(drafts).toMatchObject([
      { action: 'enter', clientId: 'ann', data: '{"a":1}', encoding: 'json' },
      { action: 'update', clientId: 'ann', encoding: undefined },
      { action: 'leave', clientId: 'ann', data: undefined },
    ])
    expect(Buffer.from(drafts[1]!.data as Uint8Array)).toEqual(BYTES)
  })

  test('annotates as meant', async () => {
    await channel.annotations.publish('s1', { type: 'a:multiple.v1', name: 'x', count: 2 })
    await channel.annotations.delete('s1', { type: 'a:multiple.v1', name: 'x' })
    const read = server.of('annotation').map((frame) => readAnnotations(frame.annotations))
    const annotation = { messageSerial: 's1', type: 'a:multiple.v1', name: 'x' }
    expect(read).toMatchObject([
      { value: [{ ...annotation, action: 'create', count: 2 }] },
      { value: [{ ...annotation, action: 'delete', count: undefined }] },
    ])
  })

  test('reads messages', async () => {
    const { hear, heard } = collector<Ably.InboundMessage>(4)
    await channel.subscribe(hear)
    const messages: KeptMessage[] = [
      { ...kept, name: 'n', data: '{"a":1}', encoding: 'json', extras: '{"headers":{"n":1}}' },
      { ...kept, id: 'c2:0:1', data: BYTES, clientId: 'ann' },
      {
        ...kept,
        id: 'own',
        action: 'update',
        timestamp: 1_600_000_000_000,
        version: { serial: 'p1:001', timestamp: kept.timestamp, metadata: '{"why":"x"}' },
        summary: '{"like:flag.v1":{"total":1,"clientIds":["a"]}}',
      },
    ]
    server.send(publicationFrame({ kind: 'publication', ...placed, messages }, CHANNEL, format))
    const event = {
      kind: 'occupancy',
      id: 'o',
      occupancy: { subscribers: 2 },
      timestamp: 5,
    } as never
    server.send(occupancyFrame(event, CHANNEL, format))
    const [json, bytes, update, occupancy] = await heard
    const version = { serial: 'p1:000', timestamp: kept.timestamp }
    expect(json).toMatchObject({
      id: 'c2:0:0',
      name: 'n',
      data: { a: 1 },
      extras: { headers: { n: 1 } },
      connectionId: 'c2',
      timestamp: kept.timestamp,
      action: 'message.create',
      serial: 'p1:000',
      version,
      annotations: { summary: {} },
    })
    expect(json!.clientId).toBeUndefined()
    expect(bytes).toMatchObject({ id: 'c2:0:1', data: BYTES, clientId: 'ann' })
    expect(bytes!.name).toBeUndefined()
    expect(bytes!.encoding ?? undefined).toBeUndefined()
    expect(update).toMatchObject({
      id: 'own',
      action: 'message.update',
      timestamp: 1_600_000_000_000,
      version: { serial: 'p1:001', metadata: { why: 'x' } },
      annotations: { summary: { 'like:flag.v1': { total: 1 } } },
    })
    expect(occupancy).toMatchObject({
      name: '[meta]occupancy',
      action: 'meta',
      id: 'o:0:0',
      data: { metrics: { subscribers: 2 } },
    })
    channel.unsubscribe()
  })

  test('reads annotations', async () => {
    const { hear, heard } = collector<Ably.Annotation>(1)
    await channel.annotations.subscribe(hear)
    const { name: _, ...rest } = draft
    const annotation = {
      ...rest,
      action: 'delete',
      id: 'c2:0:0',
      serial: 'p2:000',
      messageSerial: 'p1:000',
      type: 'a:multiple.v1',
      name: 'x',
      count: 2,
      timestamp: kept.timestamp,
    } as const
    const event = { kind: 'annotation', ...placed, annotations: [annotation] } as const
    server.send(annotationFrame(event, CHANNEL, format))
    expect(await heard).toMatchObject([
      {
        action: 'annotation.delete',
        id: 'c2:0:0',
        serial: 'p2:000',
        messageSerial: 'p1:000',
        type: 'a:multiple.v1',
        name: 'x',
        count: 2,
        timestamp: kept.timestamp,
      },
    ])
  })

  test('knows a member from a sync as from an enter', async () => {
    const { hear, heard } = collector<Ably.PresenceMessage>(2)
    await channel.presence.subscribe(hear)
    const enter = { ...member, data: BYTES, encoding: 'x' }
    server.send(presenceFrame({ kind: 'presence', ...placed, changes: [enter] }, CHANNEL, format))
    const other = { ...member, id: 'c3:0:0', connectionId: 'c3', clientId: 'bob' }
    server.send(syncFrame(CHANNEL, 'sync1:', [enter, other], format))
    const [entered, present] = await heard
    expect(entered).toMatchObject({ action: 'enter', id: 'c2:1:0', clientId: 'ann', data: BYTES })
    expect(present).toMatchObject({ action: 'present', id: 'c3:0:0', clientId: 'bob' })
    const members = await channel.presence.get()
    const { action: _, ...ann } = members.find(({ clientId }) => clientId === 'ann')!
    const { action: __, ...live } = entered!
    expect(ann).toEqual(live)
    channel.presence.unsubscribe()
  })
})
