/**
 * Whatever clients send, in whatever order: the server stays up, each connection is answered or ended, and nobody
 * gets past a capability. Inputs are random; a failure prints the seed that repeats it.
 */
import { afterAll, beforeAll, expect, test } from 'bun:test'
import fc from 'fast-check'
import { Packr } from 'msgpackr'
import { ACTION, FrameClient } from '../../../support/ably.ts'
import { AblyApp } from '../../../support/ably-app.ts'
import { type ServerProcess, startServerProcess } from '../../../support/server-process.ts'

const SECRET = 'what insiders say'

let server: ServerProcess
let app: AblyApp
/** Listens on a channel that nobody else may join, and on one that nobody else may publish on. */
let insider: FrameClient
let pulses = 0

beforeAll(async () => {
  server = await startServerProcess(
    ['--sandbox', '--log-level', 'error', '--log-format', 'json', '--connection-rate', '0'],
    [],
  )
  const strangers = { 'open:*': ['*'], open: ['*'], feed: ['subscribe', 'history'] }
  app = await AblyApp.make(server.url, [strangers], [{ id: 'open', mutableMessages: true }])
  insider = await FrameClient.connected(app, `key=${app.keys[0]}&clientId=insider`)
  const modes =
    'publish,subscribe,presence,presence_subscribe,annotation_subscribe,annotation_publish'
  for (const channel of ['secret', 'feed']) await insider.attach(channel, { params: { modes } })
})

afterAll(async () => {
  expect(await server.end()).toBe(0)
  // A caught bug is in the log and fails the test.
  expect(server.output()).toBe('')
})

/** Checks that the insider is served, and that nobody else was heard on its channels. */
async function allIsWell(): Promise<void> {
  const data = `${SECRET} ${pulses}`
  insider.send({
    action: ACTION.MESSAGE,
    channel: 'secret',
    msgSerial: pulses,
    messages: [{ data }],
  })
  await insider.next(ACTION.ACK, pulses)
  pulses++
  const strange = insider.frames.filter(
    ({ connectionId }) => connectionId !== undefined && connectionId !== insider.connectionId,
  )
  expect(strange).toEqual([])
}

const CHANNELS = ['open', 'open:a', 'feed', 'secret', '', ':', '[?rewind=5]open', '[meta]log']
const anyChannel = fc.oneof(
  fc.constantFrom(...CHANNELS, '[?rewind=1]secret', `[filter=${btoa('name')}]open`, '[x', '[]a'),
  fc.string(),
)
const anyText = fc.oneof(fc.constantFrom('ann', '*', '', 'json', 'utf-8/base64'), fc.string())
const anyData = fc.oneof(anyText, fc.jsonValue(), fc.constant(undefined))
const anySerial = fc.oneof(
  anyText,
  fc.constantFrom('00000000000000-000@x', '00000000000000-000@x:000', '99999999999999-999@x'),
)
const anyMessage = fc.record(
  {
    id: anyText,
    name: fc.oneof(anyText, fc.jsonValue()),
    data: anyData,
    encoding: anyText,
    clientId: anyText,
    connectionId: anyText,
    extras: fc.oneof(fc.jsonValue(), fc.constant({ headers: { a: 1 } })),
    action: fc.integer({ min: -1, max: 7 }),
    serial: anySerial,
    messageSerial: anySerial,
    type: fc.constantFrom('like:flag.v1', 'like:multiple.v1', 'plain', ''),
    count: fc.oneof(fc.integer(), fc.double()),
    version: fc.oneof(fc.jsonValue(), fc.record({ clientId: anyText, metadata: fc.jsonValue() })),
  },
  { requiredKeys: [] },
)
const anyList = fc.oneof(fc.array(anyMessage, { maxLength: 4 }), anyMessage, fc.jsonValue())
const anyParams = fc.oneof(
  fc.dictionary(
    fc.constantFrom('rewind', 'modes', 'delta', 'occupancy', 'echo', 'appendMode', 'x'),
    fc.oneof(
      fc.constantFrom('1', '5s', 'vcdiff', 'metrics', 'false', 'full', 'publish,subscribe'),
      anyText,
    ),
  ),
  fc.jsonValue(),
)
const anyNumber = fc.oneof(fc.nat({ max: 30 }), fc.integer(), fc.double(), fc.maxSafeNat())
const anyFrame = fc.record(
  {
    // Most frames that end a connection are left out, to keep sequences long.
    action: fc.oneof(
      { weight: 20, arbitrary: fc.constantFrom(0, 10, 12, 14, 15, 16, 19, 21) },
      fc.integer({ min: -1, max: 40 }),
    ),
    id: anyText,
    channel: fc.oneof({ weight: 9, arbitrary: anyChannel }, fc.jsonValue()),
    channelSerial: anySerial,
    msgSerial: fc.oneof({ weight: 9, arbitrary: fc.nat({ max: 30 }) }, anyNumber),
    flags: fc.oneof(fc.nat(), fc.constantFrom(1 << 17, 0xff0000, 32)),
    params: anyParams,
    messages: anyList,
    presence: anyList,
    annotations: anyList,
    auth: fc.oneof(fc.jsonValue(), fc.record({ accessToken: anyText })),
    state: fc.jsonValue(),
  },
  { requiredKeys: ['action', 'msgSerial', 'channel', 'messages', 'presence', 'annotations'] },
)

const packr = new Packr({ useRecords: false })

/** One stranger who sends all of it; then they are answered, or their connection has ended with an error. */
async function throwFrames(frames: readonly unknown[], isBinary: boolean): Promise<void> {
  const format = isBinary ? 'msgpack' : 'json'
  const client = new FrameClient(app, `key=${app.keys[1]}&clientId=ann&format=${format}`)
  await client.next(ACTION.CONNECTED)
  const id = `end-${crypto.randomUUID()}`
  for (const frame of [...frames, { action: ACTION.HEARTBEAT, id }]) {
    if (isBinary) client.sendBytes(new Uint8Array(packr.pack(frame)))
    else client.send(JSON.stringify(frame) ?? '')
  }
  await client.until(
    () => client.isClosed || client.frames.some((frame) => frame['id'] === id) || undefined,
  )
  expect(client.frames.filter((frame) => JSON.stringify(frame).includes(SECRET))).toEqual([])
  if (client.isClosed) {
    const ends: unknown[] = [ACTION.ERROR, ACTION.CLOSED, undefined]
    const hasLeft = frames.some((frame) => [5, 7].includes((frame as { action: number }).action))
    expect(hasLeft || ends.includes(client.frames.at(-1)?.action)).toBe(true)
  }
  client.terminate()
}

test.each([false, true])('sequences of frames are answered, binary: %p', async (isBinary) => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.array(anyFrame, { maxLength: 25 }), { minLength: 1, maxLength: 6 }),
      async (sequences) => {
        await Promise.all(sequences.map((frames) => throwFrames(frames, isBinary)))
        await allIsWell()
      },
    ),
    { numRuns: 60 },
  )
})

test('any bytes are answered', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.oneof(fc.string(), fc.json(), fc.uint8Array({ maxLength: 200 })), {
        minLength: 1,
        maxLength: 10,
      }),
      fc.constantFrom('json', 'msgpack'),
      async (frames, format) => {
        const client = new FrameClient(app, `key=${app.keys[1]}&format=${format}`)
        await client.next(ACTION.CONNECTED)
        for (const frame of frames) {
          if (typeof frame === 'string') client.send(frame)
          else client.sendBytes(new Uint8Array(frame))
        }
        client.terminate()
        await client.closing()
        await allIsWell()
      },
    ),
    { numRuns: 60 },
  )
})
