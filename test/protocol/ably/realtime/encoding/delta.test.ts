/** Messages as deltas to the one before, decoded with the published decoder. */
import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import * as vcdiff from '@ably/vcdiff-decoder'
import { ACTION, FrameClient, type ProtocolMessage } from '../../../../support/ably.ts'
import { AblyApp } from '../../../../support/ably-app.ts'
import { type TestServer, startTestServer } from '../../../../support/server.ts'

let server: TestServer
let app: AblyApp

beforeAll(async () => {
  server = await startTestServer({ sandbox: 'true' })
  app = await AblyApp.make(server.url)
})
afterAll(() => server.end())

const connect = (more = '') => FrameClient.connected(app, `key=${app.keys[0]}&v=6${more}`)
const params = { delta: 'vcdiff' }

let names = 0
const fresh = () => `delta-${names++}`

interface Received {
  readonly id: string
  readonly data: string
  readonly encoding?: string
  readonly extras?: { readonly delta?: { readonly from: string; readonly format: string } }
}

function publish(channel: string, messages: unknown) {
  return app.ask(`/channels/${channel}/messages`, { body: messages })
}

/** Payloads that a client reads as text, and the number of deltas among them. */
class Reading {
  readonly texts: string[] = []
  deltas = 0
  #base: Uint8Array = new Uint8Array()
  #baseId = ''

  constructor(frames: readonly ProtocolMessage[]) {
    for (const frame of frames) {
      const { messages } = frame as unknown as { messages: Received[] }
      for (const [index, message] of messages.entries())
        this.#read({ ...message, id: message.id ?? `${String(frame['id'])}:${index}` })
    }
  }

  #read({ id, data, encoding = '', extras }: Received): void {
    const steps = encoding.split('/')
    const bytes = steps.includes('base64') ? Buffer.from(data, 'base64') : Buffer.from(data)
    if (steps.includes('vcdiff')) {
      expect(extras?.delta).toEqual({ format: 'vcdiff', from: this.#baseId })
      this.#base = vcdiff.decode(bytes, this.#base)
      this.deltas++
    } else this.#base = bytes
    this.#baseId = id
    this.texts.push(new TextDecoder().decode(this.#base))
  }
}

const texts = (count: number, from = 0) =>
  Array.from({ length: count }, (_, n) =>
    JSON.stringify({ foo: 'bar', count: from + n, status: 'active' }),
  )

async function publishAll(channel: string, all: readonly string[]): Promise<void> {
  for (const data of all) await publish(channel, { data, encoding: 'json' })
}

test('without echo, what follows an own message is whole also where a rule batches', async () => {
  const batched = await AblyApp.make(
    server.url,
    [],
    [{ id: 'batched', batchingEnabled: true, batchingInterval: 100 }],
  )
  const query = `key=${batched.keys[0]}&v=6`
  const [speaker, other] = [
    await FrameClient.connected(batched, `${query}&echo=false`),
    await FrameClient.connected(batched, query),
  ]
  const channel = 'batched:room'
  await speaker.attach(channel, { params })
  const said = texts(4)
  const say = (client: FrameClient, msgSerial: number, data: string) => {
    client.send({
      action: ACTION.MESSAGE,
      channel,
      msgSerial,
      messages: [{ data, encoding: 'json' }],
    })
    return client.settled()
  }
  // Both wait for the end of one interval, the own one behind that of the other.
  await say(other, 0, said[0]!)
  await say(speaker, 0, said[1]!)
  await speaker.next(ACTION.MESSAGE, 0)
  await say(other, 1, said[2]!)
  await speaker.next(ACTION.MESSAGE, 1)
  await say(other, 2, said[3]!)
  await speaker.next(ACTION.MESSAGE, 2)
  const read = new Reading(speaker.all(ACTION.MESSAGE))
  expect(read.texts).toEqual([said[0]!, said[2]!, said[3]!])
  expect(read.deltas).toBe(1)
  for (const client of [speaker, other]) client.terminate()
})

describe('deltas', () => {
  test('a client that could not decode since its resume gets everything again', async () => {
    const channel = fresh()
    const client = await connect()
    const { channelSerial } = await client.attach(channel, { params })
    await publishAll(channel, texts(3))
    await client.next(ACTION.MESSAGE, 2)
    await client.attach(channel, { params, channelSerial })
    await client.next(ACTION.MESSAGE, 5)
    await client.attach(channel, { params, channelSerial })
    await client.next(ACTION.MESSAGE, 8)
    expect(new Reading(client.all(ACTION.MESSAGE).slice(6)).texts).toEqual(texts(3))
  })

  test('follow one whole message, and only clients that asked get them', async () => {
    const channel = fresh()
    const [reader, plain] = [await connect(), await connect()]
    await reader.attach(channel, { params })
    await plain.attach(channel)
    await publishAll(channel, texts(5))
    for (const client of [reader, plain]) await client.next(ACTION.MESSAGE, 4)
    const reading = new Reading(reader.all(ACTION.MESSAGE))
    expect(reading.texts).toEqual(texts(5))
    expect(reading.deltas).toBe(4)
    expect(new Reading(plain.all(ACTION.MESSAGE)).deltas).toBe(0)
  })

  test('chain within a frame', async () => {
    const channel = fresh()
    const reader = await connect()
    await reader.attach(channel, { params })
    await publish(channel, [{ data: 'one, two, three' }, { data: 'one, two, three, four' }])
    await publish(channel, [{ data: 'one, two, three, four, five' }, { data: 'one' }])
    await reader.next(ACTION.MESSAGE, 1)
    const reading = new Reading(reader.all(ACTION.MESSAGE))
    expect(reading.texts[3]).toBe('one')
    expect(reading.deltas).toBe(2)
  })

  test('begin with a whole message after each ATTACH, also in missed messages', async () => {
    const channel = fresh()
    const reader = await connect()
    await reader.attach(channel, { params })
    await publishAll(channel, texts(2))
    const { channelSerial } = await reader.next(ACTION.MESSAGE, 1)
    const again = await connect()
    await publishAll(channel, texts(3, 2))
    await again.attach(channel, { params, channelSerial })
    await publishAll(channel, texts(1, 5))
    await again.next(ACTION.MESSAGE, 3)
    const frames = again.all(ACTION.MESSAGE)
    expect(frames.map(({ messages }) => (messages as unknown[]).length)).toEqual([1, 1, 1, 1])
    const reading = new Reading(frames)
    expect(reading.texts).toEqual(texts(4, 2))
    expect(reading.deltas).toBe(3)
    await reader.attach(channel, { params })
    await publishAll(channel, texts(2, 6))
    await reader.next(ACTION.MESSAGE, 7)
    expect(new Reading(reader.all(ACTION.MESSAGE).slice(-2)).deltas).toBe(1)
  })

  test('are based on what a client has received, without its own unechoed messages', async () => {
    const channel = fresh()
    const reader = await connect('&echo=false')
    await reader.attach(channel, { params })
    await publishAll(channel, texts(2))
    const own = { data: texts(1, 2)[0], encoding: 'json' }
    reader.send({ action: ACTION.MESSAGE, channel, msgSerial: 0, messages: [own] })
    await reader.next(ACTION.ACK)
    await publishAll(channel, texts(2, 3))
    await reader.next(ACTION.MESSAGE, 3)
    const reading = new Reading(reader.all(ACTION.MESSAGE))
    expect(reading.texts).toEqual([...texts(2), ...texts(2, 3)])
    expect(reading.deltas).toBe(2)
  })

  test('keep other extras, and work for binary data', async () => {
    const channel = fresh()
    const reader = await connect()
    await reader.attach(channel, { params })
    const extras = { headers: { a: 1 } }
    for (const byte of [1, 2]) {
      const data = Buffer.from([...Array.from({ length: 100 }, (_, n) => n), byte])
      await publish(channel, { data: data.toString('base64'), encoding: 'base64', extras })
    }
    const frame = await reader.next(ACTION.MESSAGE, 1)
    const [message] = frame['messages'] as [Received]
    expect(message.encoding).toBe('vcdiff/base64')
    expect(message.extras).toMatchObject(extras)
    expect(new Reading(reader.all(ACTION.MESSAGE)).deltas).toBe(1)
  })
})
