/** Changes of messages: updates, deletes, appends and annotations. */
import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { ACTION, FrameClient, type ProtocolMessage } from '../../../../support/ably.ts'
import { AblyApp } from '../../../../support/ably-app.ts'
import { type TestServer, startTestServer } from '../../../../support/server.ts'

const UPDATE = 1
const DELETE = 2
const SUMMARY = 4
const APPEND = 5

let server: TestServer
let app: AblyApp

beforeAll(async () => {
  server = await startTestServer({ sandbox: 'true' })
  app = await AblyApp.make(
    server.url,
    [{ '*': ['subscribe', 'publish', 'message-update-own', 'message-delete-own'] }],
    [{ id: 'mutable', mutableMessages: true }],
  )
})
afterAll(() => server.end())

const connect = (more = '', key = 0) =>
  FrameClient.connected(app, `key=${app.keys[key]}&v=6${more}`)

let names = 0
const fresh = () => `mutable:${names++}`

/** One client on one channel. */
class Writer {
  readonly client: FrameClient
  readonly channel: string
  #next = 0

  constructor(client: FrameClient, channel: string) {
    this.client = client
    this.channel = channel
  }

  /** @returns its serial */
  async send(...messages: readonly object[]): Promise<string> {
    const msgSerial = this.#send({ action: ACTION.MESSAGE, messages })
    const ack = await this.client.until(() => this.#answer(ACTION.ACK, msgSerial))
    return (ack['res'] as { serials: string[] }[])[0]!.serials[0]!
  }

  async refused(message: object): Promise<unknown> {
    const msgSerial = this.#send({ action: ACTION.MESSAGE, messages: [message] })
    const nack = await this.client.until(() => this.#answer(ACTION.NACK, msgSerial))
    return (nack['error'] as { code: number }).code
  }

  async annotate(annotation: object): Promise<ProtocolMessage> {
    const msgSerial = this.#send({ action: ACTION.ANNOTATION, annotations: [annotation] })
    return this.client.until(
      () => this.#answer(ACTION.ACK, msgSerial) ?? this.#answer(ACTION.NACK, msgSerial),
    )
  }

  #send(frame: object): number {
    const msgSerial = this.#next++
    this.client.send({ ...frame, channel: this.channel, msgSerial })
    return msgSerial
  }

  #answer(action: number, msgSerial: number): ProtocolMessage | undefined {
    return this.client.all(action).find((frame) => frame['msgSerial'] === msgSerial)
  }
}

async function writer(channel = fresh(), more = '', key = 0): Promise<Writer> {
  return new Writer(await connect(more, key), channel)
}

const messagesOf = (client: FrameClient) =>
  client.all(ACTION.MESSAGE).flatMap(({ messages }) => messages as Record<string, unknown>[])
const told = (client: FrameClient) =>
  messagesOf(client).map(({ action, data }) => `${String(action)} ${String(data)}`)

describe('updates and deletes', () => {
  test('have the serial of the original and a later version', async () => {
    const ann = await writer(fresh(), '&clientId=ann')
    const reader = await connect()
    await reader.attach(ann.channel)
    const serial = await ann.send({ name: 'greeting', data: 'hello' })
    const version = { description: 'typo', metadata: { by: 'me' } }
    const updated = await ann.send({ action: UPDATE, serial, data: 'Hello', version })
    const deleted = await ann.send({ action: DELETE, serial, data: '' })
    await reader.next(ACTION.MESSAGE, 2)
    const [created, update, removal] = messagesOf(reader)
    expect(created).toMatchObject({ serial, data: 'hello' })
    expect(update).toMatchObject({
      action: UPDATE,
      serial,
      name: 'greeting',
      data: 'Hello',
      clientId: 'ann',
      version: { serial: updated, timestamp: expect.any(Number), clientId: 'ann', ...version },
    })
    const ids = reader.all(ACTION.MESSAGE).map(({ id }) => id)
    expect(new Set(ids).size).toBe(3)
    expect(removal).toMatchObject({ action: DELETE, serial, name: 'greeting', data: '' })
    expect([serial, updated, deleted].toSorted()).toEqual([serial, updated, deleted])
  })

  test('are refused without a rule, and of unknown messages', async () => {
    const plain = await writer('plain')
    const serial = await plain.send({ data: 'x' })
    expect(await plain.refused({ action: UPDATE, serial, data: 'y' })).toBe(93002)
    const mutable = await writer()
    expect(await mutable.refused({ action: UPDATE, serial: 'none', data: 'y' })).toBe(40400)
    expect(await mutable.refused({ action: UPDATE, data: 'y' })).toBe(40003)
  })

  test('with the right to one’s own messages are limited to those', async () => {
    const channel = fresh()
    const [ann, bob] = [
      await writer(channel, '&clientId=ann', 1),
      await writer(channel, '&clientId=bob', 1),
    ]
    const anonymous = await writer(channel, '', 1)
    const serial = await ann.send({ data: 'mine' })
    expect(await bob.refused({ action: UPDATE, serial, data: 'y' })).toBe(40160)
    expect(await bob.refused({ action: DELETE, serial })).toBe(40160)
    expect(await anonymous.refused({ action: UPDATE, serial, data: 'y' })).toBe(40166)
    await ann.send({ action: UPDATE, serial, data: 'still mine' })
  })
})

describe('appends', () => {
  test('are sent as fragments to clients that have the rest', async () => {
    const ann = await writer()
    const reader = await connect()
    await reader.attach(ann.channel)
    const serial = await ann.send({ data: 'Hello' })
    const first = await ann.send({ action: APPEND, serial, data: ' World' })
    await ann.send({ action: APPEND, serial, data: '!' })
    await reader.next(ACTION.MESSAGE, 2)
    expect(told(reader)).toEqual(['0 Hello', `${APPEND}  World`, `${APPEND} !`])
    expect(messagesOf(reader)[1]).toMatchObject({ serial, version: { serial: first } })
  })

  test('are sent whole to clients that came later, then as fragments', async () => {
    const ann = await writer()
    const serial = await ann.send({ data: 'a' })
    const reader = await connect()
    const [late, full] = [await connect(), await connect()]
    await reader.attach(ann.channel)
    await late.attach(ann.channel)
    await full.attach(ann.channel, { params: { appendMode: 'full' } })
    for (const data of ['b', 'c']) await ann.send({ action: APPEND, serial, data })
    for (const client of [reader, late, full]) await client.next(ACTION.MESSAGE, 1)
    expect(told(late)).toEqual([`${UPDATE} ab`, `${APPEND} c`])
    expect(told(reader)).toEqual([`${UPDATE} ab`, `${APPEND} c`])
    expect(told(full)).toEqual([`${UPDATE} ab`, `${UPDATE} abc`])
  })

  test('are sent once and whole to clients that resume', async () => {
    const ann = await writer()
    const serial = await ann.send({ data: 'a' })
    const reader = await connect()
    const { channelSerial } = await reader.attach(ann.channel)
    reader.terminate()
    await reader.closing()
    for (const data of ['b', 'c', 'd']) await ann.send({ action: APPEND, serial, data })
    const again = await connect()
    await again.attach(ann.channel, { channelSerial })
    await again.settled()
    expect(told(again)).toEqual([`${UPDATE} abcd`])
    await ann.send({ action: APPEND, serial, data: 'e' })
    await again.next(ACTION.MESSAGE, 1)
    expect(told(again)[1]).toBe(`${APPEND} e`)
  })

  test('in quick succession are joined, and nothing overtakes them', async () => {
    const ann = await writer(fresh(), '&appendRollupWindow=500')
    const reader = await connect()
    await reader.attach(ann.channel)
    const serial = await ann.send({ data: 'a' })
    const versions: string[] = []
    for (const data of ['b', 'c', 'd'])
      versions.push(await ann.send({ action: APPEND, serial, data }))
    await ann.send({ data: 'other' })
    await ann.send({ action: APPEND, serial, data: 'e' })
    await reader.next(ACTION.MESSAGE, 4)
    expect(told(reader)).toEqual(['0 a', `${APPEND} b`, `${APPEND} cd`, '0 other', `${APPEND} e`])
    expect(messagesOf(reader)[2]).toMatchObject({ version: { serial: versions[2] } })
    const single = await writer(ann.channel, '&appendRollupWindow=0')
    for (const data of ['f', 'g']) await single.send({ action: APPEND, serial, data })
    await reader.next(ACTION.MESSAGE, 6)
    expect(told(reader).slice(5)).toEqual([`${APPEND} f`, `${APPEND} g`])
  })

  test('that wait are sent in time, and whole to clients that came meanwhile', async () => {
    const ann = await writer(fresh(), '&appendRollupWindow=100')
    const reader = await connect()
    await reader.attach(ann.channel)
    const serial = await ann.send({ data: 'a' })
    for (const data of ['b', 'c']) await ann.send({ action: APPEND, serial, data })
    const late = await connect()
    await late.attach(ann.channel, { params: { rewind: '1' } })
    await ann.send({ action: APPEND, serial, data: 'd' })
    await reader.next(ACTION.MESSAGE, 3)
    expect(told(reader)).toEqual(['0 a', `${APPEND} b`, `${APPEND} c`, `${APPEND} d`])
    await late.next(ACTION.MESSAGE, 1)
    expect(told(late)).toEqual([`${UPDATE} abc`, `${UPDATE} abcd`])
  })

  test('to data that cannot be appended to are refused', async () => {
    const ann = await writer()
    const serial = await ann.send({ data: '{"a":1}', encoding: 'json' })
    expect(await ann.refused({ action: APPEND, serial, data: 'x' })).toBe(40013)
  })
})

describe('annotations', () => {
  const ANNOTATION_SUBSCRIBE = 1 << 22

  test('are sent to clients that asked for them, and the summary to everybody', async () => {
    const ann = await writer(fresh(), '&clientId=ann')
    const watcher = await connect()
    const reader = await connect()
    const modes = 'subscribe,annotation_subscribe'
    const attached = await watcher.attach(ann.channel, { params: { modes } })
    expect(Number(attached['flags']) & ANNOTATION_SUBSCRIBE).toBe(ANNOTATION_SUBSCRIBE)
    await reader.attach(ann.channel)
    const messageSerial = await ann.send({ data: 'x' })
    const like = { messageSerial, type: 'like:distinct.v1', name: '👍' }
    expect(await ann.annotate(like)).toMatchObject({ action: ACTION.ACK })
    const annotation = await watcher.next(ACTION.ANNOTATION)
    expect(annotation).toMatchObject({
      channelSerial: expect.any(String),
      annotations: [{ ...like, action: 0, clientId: 'ann' }],
    })
    const [{ serial }] = annotation['annotations'] as [{ serial: string }]
    expect(serial > messageSerial).toBe(true)
    for (const client of [watcher, reader]) {
      await client.next(ACTION.MESSAGE, 1)
      expect(messagesOf(client)[1]).toMatchObject({
        action: SUMMARY,
        serial: messageSerial,
        annotations: {
          summary: { 'like:distinct.v1': { '👍': { total: 1, clientIds: ['ann'] } } },
        },
      })
    }
    expect(reader.all(ACTION.ANNOTATION)).toHaveLength(0)
    const kinds = watcher.frames.map(({ action }) => action)
    expect(kinds.indexOf(ACTION.ANNOTATION)).toBeLessThan(kinds.lastIndexOf(ACTION.MESSAGE))
    await ann.annotate({ ...like, action: 1 })
    expect(await watcher.next(ACTION.ANNOTATION, 1)).toMatchObject({
      annotations: [{ action: 1, name: '👍' }],
    })
  })

  test('need a client id if their type counts clients', async () => {
    const anonymous = new Writer(await connect(), fresh())
    const messageSerial = await anonymous.send({ data: 'x' })
    const nack = await anonymous.annotate({ messageSerial, type: 'like:flag.v1' })
    expect(nack).toMatchObject({ action: ACTION.NACK, error: { code: 40161 } })
    const ack = await anonymous.annotate({ messageSerial, type: 'views:total.v1' })
    expect(ack).toMatchObject({ action: ACTION.ACK })
  })

  test('need a rule, a message and the capability', async () => {
    const plain = await writer('plain')
    const messageSerial = await plain.send({ data: 'x' })
    const type = 'views:total.v1'
    expect(await plain.annotate({ messageSerial, type })).toMatchObject({ error: { code: 93002 } })
    const mutable = await writer()
    expect(await mutable.annotate({ messageSerial, type })).toMatchObject({
      error: { code: 40400 },
    })
    const narrow = await writer(fresh(), '', 1)
    expect(await narrow.annotate({ messageSerial, type })).toMatchObject({
      error: { code: 40160 },
    })
  })
})
