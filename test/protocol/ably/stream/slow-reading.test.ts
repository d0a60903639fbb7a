/** Streams that begin with much, and readers that do not read: what waits for them is bounded, and nothing is lost. */
import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { FairTurns } from '../../../../src/core/time/fair-turns.ts'
import type { Channel } from '../../../../src/core/channel/channel.ts'
import { channelRef } from '../../../../src/core/types.ts'
import { SharedFrames } from '../../../../src/protocol/ably/subscription/shared-frames.ts'
import {
  StreamBacklog,
  type StreamedChannel,
  missed,
  rewound,
} from '../../../../src/protocol/ably/stream/backlog.ts'
import { EventStream } from '../../../../src/protocol/ably/stream/event-stream.ts'
import { AblyApp } from '../../../support/ably-app.ts'
import { CoreWorld, draft, value } from '../../../support/core-world.ts'
import { EventReader } from '../../../support/event-reader.ts'
import { type TestServer, startTestServer } from '../../../support/server.ts'

const ROOM = 100_000
const BIG = 'x'.repeat(20_000)
const COUNT = 100

async function world() {
  const core = new CoreWorld()
  const shared = new SharedFrames()
  const turns = new FairTurns()
  let levels = 0
  const channels: Channel[] = []
  for (const name of ['a', 'b'])
    channels.push(await value(core.registry.open(channelRef('app', name))))
  const streamed = channels.map((channel): StreamedChannel => ({
    channel,
    waitMs: 0,
    variant: ['lines', 'enveloped', channel.ref.name, ''].join('\n'),
    rewind: { count: COUNT },
  }))
  const cursor = channels[1]!.recent.head
  let said = 0
  const publish = async (count: number) => {
    for (let i = 0; i < count; i++) {
      core.now++
      const drafts = [draft({ name: String(said), data: BIG })]
      const rest = { batchId: undefined, ephemeral: false, connectionId: undefined, id: undefined }
      await value(core.publisher.publish(channels[said++ % 2]!.ref, { drafts, ...rest }))
    }
  }
  const open = (begun: ReturnType<typeof missed>) => {
    let backlog: StreamBacklog | undefined
    const stream = new EventStream({
      id: 1,
      address: '127.0.0.1',
      origin: null,
      secure: false,
      base: '',
      style: 'lines',
      hasHeartbeats: false,
      maxBacklogBytes: 2 * ROOM,
      credentials: { credential: undefined, clientId: undefined },
      // The principal is not used here.
      principal: undefined as never,
      now: () => core.now,
      punish: () => undefined,
      onTaken: () => backlog?.goOn(),
      onEnd: () => undefined,
    })
    const body = stream.open()
    const parts = {
      turns,
      shared,
      roomBytes: ROOM,
      onCaughtUp: () => void levels++,
      onForgotten: () => undefined,
      onBug: (error: unknown) => {
        throw error
      },
    }
    backlog = new StreamBacklog(parts, stream, streamed, begun ?? [])
    backlog.goOn()
    return { stream, reader: body.getReader() }
  }
  const level = () => levels
  return { core, cursor, level, streamed, open, publish, shared }
}

const turn = () => new Promise<void>((resolve) => setImmediate(resolve))
type Reader = ReturnType<Awaited<ReturnType<typeof world>>['open']>['reader']

async function namesRead(reader: Reader, count: number): Promise<number[]> {
  const names: number[] = []
  while (names.length < count) {
    const { value: chunk } = await reader.read()
    const line = JSON.parse(Buffer.from(chunk!).toString()) as { data: { name: string } }
    names.push(Number(line.data.name))
  }
  return names
}

const upTo = (count: number) => Array.from({ length: count }, (_, i) => i)

describe('a client that does not read', () => {
  test('has a bounded amount waiting, and misses nothing', async () => {
    const { cursor, level, streamed, open, publish } = await world()
    await publish(COUNT)
    const { reader, stream } = open(missed(streamed, cursor))
    for (let i = 0; i < 20; i++) await turn()
    expect(stream.waitingBytes).toBeLessThan(ROOM + BIG.length + 1000)
    await publish(COUNT)
    for (let i = 0; i < 20; i++) await turn()
    expect(stream.waitingBytes).toBeLessThan(ROOM + BIG.length + 1000)
    expect(level()).toBe(0)
    expect(await namesRead(reader, 2 * COUNT)).toEqual(upTo(2 * COUNT))
    expect(level()).toBe(1)
  })

  test('holds little of its rewind in memory', async () => {
    const { core, level, streamed, open, publish } = await world()
    await publish(COUNT)
    const { reader, stream } = open(rewound(streamed, core.histories, core.now))
    for (let i = 0; i < 20; i++) await turn()
    expect(stream.waitingBytes).toBeLessThan(ROOM + BIG.length + 1000)
    expect(await namesRead(reader, COUNT)).toEqual(upTo(COUNT))
    expect(level()).toBe(1)
  })
})

test('readers that missed the same share the encoding', async () => {
  const { cursor, level, streamed, open, publish, shared } = await world()
  await publish(COUNT)
  const readers = Array.from({ length: 50 }, () => open(missed(streamed, cursor)).reader)
  const read = await Promise.all(readers.map((reader) => namesRead(reader, COUNT)))
  for (const names of read) expect(names).toEqual(upTo(COUNT))
  expect(level()).toBe(50)
  expect(shared.encoded).toBeLessThan(3 * COUNT)
})

describe('over HTTP', () => {
  let server: TestServer
  let app: AblyApp
  beforeAll(async () => {
    server = await startTestServer({ sandbox: 'true', 'max-backlog-bytes': '65536' })
    app = await AblyApp.make(server.url, [], [{ id: 'kept', persisted: true }])
  })
  afterAll(() => server.end())

  test.each(['plain', 'kept:room'])(
    'the rewind of a stream of %p may exceed the limit of waiting bytes',
    async (channel) => {
      const said = (name: string, data = BIG) =>
        app.ask(`/channels/${channel}/messages`, { body: { name, data } })
      for (let i = 0; i < 60; i++) await said(String(i))
      const query = `v=2&channels=${channel}&rewind=60&key=${app.keys[0]}`
      const reader = await EventReader.open(`${server.url}/event-stream?${query}`)
      await said('60', 'live')
      const events = (await reader.count(61)).map(
        ({ data }) => JSON.parse(data) as { name: string },
      )
      expect(events.map(({ name }) => Number(name))).toEqual(upTo(61))
      reader.leave()
    },
  )
})
