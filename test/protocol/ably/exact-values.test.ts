/** Published values are delivered exactly, from and to either format. */
import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import type Ably from 'ably'
import fc from 'fast-check'
import { Packr } from 'msgpackr'
import { AblyApp, type ErrorBody } from '../../support/ably-app.ts'
import { ACTION, Clients, FrameClient } from '../../support/ably.ts'
import { anyStructure, commonJson, objectText } from '../../support/json-texts.ts'
import { type TestServer, startTestServer } from '../../support/server.ts'

const packr = new Packr({ useRecords: false, largeBigIntToFloat: false })
const bigPackr = new Packr({ useRecords: false, int64AsType: 'bigint' })

let server: TestServer
let app: AblyApp
const clients = new Clients(() => app)

beforeAll(async () => {
  server = await startTestServer({ sandbox: 'true' })
  const rules = [{ id: 'kept', persisted: true, mutableMessages: true }]
  app = await AblyApp.make(server.url, [], rules)
})
afterAll(async () => {
  clients.end()
  await server.end()
})

let names = 0
const fresh = () => `kept:exact-${names++}`

const query = (more = '') => `key=${app.keys[0]}&v=6&clientId=ann${more}`

const headersArb = fc
  .array(fc.tuple(fc.constantFrom('"b"', '"10"', '"2"', '"\\u0061"'), commonJson))
  .map((members) => `{"ref":${objectText(members)}}`)

interface Entry {
  readonly data?: string
  readonly encoding?: string
}

const post = (path: string, body: string | Uint8Array, more: Record<string, string> = {}) =>
  fetch(server.url + path, {
    method: 'POST',
    headers: {
      authorization: `Basic ${btoa(app.keys[0]!)}`,
      'content-type': typeof body === 'string' ? 'application/json' : 'application/x-msgpack',
      accept: 'application/json',
      'x-ably-version': '6',
      ...more,
    },
    body: typeof body === 'string' ? body : new Uint8Array(body),
  })

async function textOf(path: string): Promise<string> {
  const headers = { authorization: `Basic ${btoa(app.keys[0]!)}`, accept: 'application/json' }
  return (await fetch(server.url + path, { headers })).text()
}

/** As in a JSON frame. */
const spliced = (text: string) => text.replaceAll(/[\r\n]/g, ' ')

/** Sockets that keep received frames unparsed. */
class RawReader {
  readonly texts: string[] = []
  readonly #socket: WebSocket

  private constructor(socket: WebSocket) {
    this.#socket = socket
    socket.addEventListener('message', ({ data }) => this.texts.push(String(data)))
  }

  static async on(channel: string): Promise<RawReader> {
    const reader = new RawReader(new WebSocket(`${server.url.replace('http', 'ws')}/?${query()}`))
    await reader.until('"action":4,')
    reader.#socket.send(JSON.stringify({ action: ACTION.ATTACH, channel }))
    await reader.until('"action":11,')
    return reader
  }

  async until(part: string): Promise<string> {
    for (;;) {
      const found = this.texts.find((text) => text.includes(part))
      if (found !== undefined) return found
      await new Promise((resolve) =>
        this.#socket.addEventListener('message', resolve, { once: true }),
      )
    }
  }

  close(): void {
    this.#socket.close()
  }
}

const WAYS = ['realtime', 'comet', 'rest', 'batch'] as const

/** Publishes JSON text of messages. */
async function publish(way: (typeof WAYS)[number], channel: string, messages: string) {
  if (way === 'rest') {
    expect((await post(`/channels/${channel}/messages`, messages)).status).toBe(201)
    return
  }
  if (way === 'batch') {
    const body = `[ {"channels": "${channel}", "messages": ${messages} } ]`
    expect((await post('/messages', body)).status).toBe(201)
    return
  }
  const frame = `{"action":15,"channel":"${channel}","msgSerial":0,"messages":${messages}}`
  if (way === 'comet') return publishByComet(frame)
  const client = await FrameClient.connected(app, query())
  client.send(frame)
  await client.next(ACTION.ACK)
  client.terminate()
}

async function publishByComet(frame: string): Promise<void> {
  const opened = await fetch(`${server.url}/comet/connect?${query('&stream=false')}`)
  const [connected] = (await opened.json()) as [{ connectionDetails: { connectionKey: string } }]
  const path = `/comet/${connected.connectionDetails.connectionKey}`
  await post(`${path}/send`, `[ ${frame} ]`)
  expect(await (await fetch(`${server.url}${path}/recv`)).text()).toContain('"action":1,')
}

describe.each(WAYS)('over %s', (way) => {
  test('JSON data reaches everybody as the text that was sent', async () => {
    const texts = fc.sample(anyStructure, 60)
    const channel = fresh()
    const raw = await RawReader.on(channel)
    const readers = await Promise.all(
      [true, false].map(async (useBinaryProtocol) => {
        const client = await clients.connected({ useBinaryProtocol })
        const got: unknown[] = []
        await client.channels.get(channel).subscribe(({ data }) => got.push(data))
        return got
      }),
    )
    await publish(way, channel, `[${texts.map((data) => `{"data":${data}}`).join(' , ')}]`)

    const { messages } = JSON.parse(await raw.until('"action":15,')) as { messages: Entry[] }
    expect(messages.map(({ data }) => data)).toEqual(texts)
    const wanted = texts.map((text) => JSON.parse(text) as unknown)
    const kept = JSON.parse(
      await textOf(`/channels/${channel}/messages?direction=forwards&limit=100`),
    ) as Entry[]
    expect(kept.map(({ data }) => data)).toEqual(texts)
    for (const useBinaryProtocol of [true, false]) {
      const history = await app.client({ useBinaryProtocol }).channels.get(channel).history({
        direction: 'forwards',
      })
      expect(history.items.map(({ data }: Ably.Message) => data as unknown)).toEqual(wanted)
    }
    for (const got of readers) expect(got).toEqual(wanted)
    raw.close()
  })

  test('extras arrive as the text that was sent', async () => {
    const texts = fc.sample(headersArb, 40)
    const channel = fresh()
    const raw = await RawReader.on(channel)
    await publish(way, channel, `[${texts.map((extras) => `{"extras":${extras}}`).join(',')}]`)
    const frame = await raw.until('"action":15,')
    const kept = await textOf(`/channels/${channel}/messages?direction=forwards&limit=100`)
    for (const text of texts) {
      expect(frame).toContain(`"extras":${spliced(text)}`)
      expect(kept).toContain(`"extras":${spliced(text)}`)
    }
    raw.close()
  })
})

test('large integers in extras survive in MessagePack', async () => {
  const channel = fresh()
  const extras = '{"headers":{"2":9007199254740993,"1":18446744073709551615,"f":1.0}}'
  const reader = await FrameClient.connected(app, query('&format=msgpack'))
  await reader.attach(channel)
  await post(`/channels/${channel}/messages`, `{"extras":${extras}}`)
  const response = await fetch(`${server.url}/channels/${channel}/messages`, {
    headers: {
      authorization: `Basic ${btoa(app.keys[0]!)}`,
      accept: 'application/x-msgpack',
    },
  })
  const [message] = bigPackr.unpack(await response.bytes()) as [{ extras: unknown }]
  expect(message.extras).toEqual({
    headers: { '1': 18_446_744_073_709_551_615n, '2': 9_007_199_254_740_993n, f: 1 },
  })
})

test('MessagePack values are the same in JSON', async () => {
  const channel = fresh()
  const sent = new Map<string, unknown>([
    ['b', 9_007_199_254_740_993n],
    ['2', -9_223_372_036_854_775_808n],
    ['1', [1.5, 'ö', null, true]],
  ])
  const message = new Map<string, unknown>([
    ['data', sent],
    ['extras', new Map([['headers', new Map([['n', 9_007_199_254_740_993n]])]])],
  ])
  const answer = await post(`/channels/${channel}/messages`, packr.pack(message))
  expect(answer.status).toBe(201)
  const text = await textOf(`/channels/${channel}/messages`)
  expect(text).toContain('"extras":{"headers":{"n":9007199254740993}}')
  const [kept] = JSON.parse(text) as [Entry]
  expect(kept).toMatchObject({
    data: '{"b":9007199254740993,"2":-9223372036854775808,"1":[1.5,"ö",null,true]}',
    encoding: 'json',
  })
})

describe('kept exactly like messages:', () => {
  const text = '{"b":1.0,"2":9007199254740993,"a":[-0,1E2],"2":null}'

  test('presence data', async () => {
    const channel = fresh()
    const raw = await RawReader.on(channel)
    const client = await FrameClient.connected(app, query())
    await client.attach(channel)
    client.send(
      `{"action":14,"channel":"${channel}","msgSerial":0,"presence":[{"action":2,"data":${text}}]}`,
    )
    await client.next(ACTION.ACK)
    const escaped = JSON.stringify(text)
    for (const got of [
      await raw.until('"action":14,'),
      await textOf(`/channels/${channel}/presence`),
      await textOf(`/channels/${channel}/presence/history`),
    ]) {
      expect(got).toContain(`"data":${escaped}`)
    }
    raw.close()
    client.terminate()
  })

  test('presence extras', async () => {
    const own = '{"locks":[{"n":9007199254740993,"2":1.0,"1":-0}]}'
    const channel = fresh()
    const raw = await RawReader.on(channel)
    const client = await FrameClient.connected(app, query())
    await client.attach(channel)
    client.send(
      `{"action":14,"channel":"${channel}","msgSerial":0,"presence":[{"action":2,"extras":${own}}]}`,
    )
    await client.next(ACTION.ACK)
    expect(await raw.until('"action":14,')).toContain(`"extras":${own}`)
    expect(await textOf(`/channels/${channel}/presence`)).toContain(`"extras":${own}`)
    const late = await RawReader.on(channel)
    expect(await late.until('"action":16,')).toContain(`"extras":${own}`)
    raw.close()
    late.close()
    client.terminate()
  })

  test('annotations and versions of messages', async () => {
    const own = '{"b":1.0,"2":9007199254740993,"a":[-0,1E2]}'
    const channel = fresh()
    const made = await post(`/channels/${channel}/messages`, '{"data":"x"}')
    const { serials } = (await made.json()) as { serials: [string] }
    const path = `/channels/${channel}/messages/${encodeURIComponent(serials[0])}`
    const annotated = await post(
      `${path}/annotations`,
      `[{"action":0,"type":"a:total.v1","data":${own},"extras":${own}}]`,
    )
    expect(annotated.status).toBe(201)
    const annotations = await textOf(`${path}/annotations`)
    expect(annotations).toContain(`"data":${JSON.stringify(own)}`)
    expect(annotations).toContain(`"extras":${own}`)
    const edited = await post(path, `{"action":1,"data":${own},"version":{"metadata":${own}}}`)
    expect(edited.status).toBe(200)
    for (const got of [await textOf(path), await textOf(`${path}/versions`)]) {
      expect(got).toContain(`"metadata":${own}`)
      expect(got).toContain(JSON.stringify(own))
    }
  })

  test('messages of chat rooms', async () => {
    const own = '{"b":1.0,"2":9007199254740993,"a":-0}'
    const room = `/chat/v4/rooms/exact-${names++}/messages`
    const body = `{"text":"hi","metadata":${own},"headers":${own}}`
    const as = { 'x-ably-clientid': btoa('ann') }
    const sent = await (await post(room, body, as)).text()
    for (const got of [sent, await textOf(room)]) {
      expect(got).toContain(`"metadata":${own}`)
      expect(got).toContain(`"headers":${own}`)
    }
  })
})

describe('values that a format cannot express are refused, and the connection stays', () => {
  const time = new Date(1_700_000_000_123)
  test.each<[string, unknown, number]>([
    ['a time', { data: { at: time } }, 40013],
    ['a time alone', { data: time }, 40013],
    ['no number', { data: [Number.NaN] }, 40013],
    ['an infinite number', { data: { a: -Infinity } }, 40013],
    ['bytes in an object', { data: { a: [Buffer.of(1)] } }, 40013],
    ['names that are numbers', { data: new Map([[1, 'a']]) }, 40013],
    ['a time in extras', { extras: { headers: { at: time } } }, 40032],
    ['no number in extras', { extras: { headers: { n: Number.NaN } } }, 40032],
  ])('in MessagePack: %s', async (_, message, code) => {
    const channel = fresh()
    const answer = await post(`/channels/${channel}/messages`, packr.pack(message))
    expect(((await answer.json()) as ErrorBody).error).toMatchObject({ code })
    const client = await FrameClient.connected(app, query('&format=msgpack'))
    client.sendBytes(
      new Uint8Array(packr.pack({ action: 15, channel, msgSerial: 0, messages: [message] })),
    )
    expect(await client.next(ACTION.NACK)).toMatchObject({ error: { code } })
    client.send({ action: 15, channel, msgSerial: 1, messages: [{ data: { a: 1 } }] })
    await client.next(ACTION.ACK)
    client.terminate()
  })

  test.each<[string, string, number]>([
    ['half of a surrogate pair', '{"data":"\\ud800"}', 40013],
    ['half of one in a name', '{"name":"\\udc00"}', 40016],
    ['a number that MessagePack has not', '{"extras":{"headers":{"n":1e400}}}', 40032],
    ['a long one', '{"extras":{"headers":{"n":0.12345678901234567891}}}', 40032],
    ['a member twice', '{"extras":{"headers":{},"headers":{"a":1}}}', 40032],
  ])('in JSON: %s', async (_, message, code) => {
    const channel = fresh()
    const answer = await post(`/channels/${channel}/messages`, message)
    expect(((await answer.json()) as ErrorBody).error).toMatchObject({ code })
    expect(await textOf(`/channels/${channel}/messages`)).toBe('[]')
  })
})
