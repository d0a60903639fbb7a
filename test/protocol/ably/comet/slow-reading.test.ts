/** Clients without WebSockets that missed much or read slowly. */
import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { AblyApp } from '../../../support/ably-app.ts'
import { eventually } from '../../../support/client.ts'
import { FaultyProxy } from '../../../support/faulty-proxy.ts'
import { type TestServer, startTestServer } from '../../../support/server.ts'

/** More than the buffers between server and client hold. */
const MANY = 200
const BIG = 'x'.repeat(90_000)

let server: TestServer
let app: AblyApp

beforeAll(async () => {
  server = await startTestServer({ sandbox: 'true', 'message-rate': '0' })
  app = await AblyApp.make(server.url)
})
afterAll(() => server.end())

interface Frame {
  readonly action: number
  readonly channelSerial?: string
  readonly connectionDetails?: { readonly connectionKey: string }
  readonly messages?: readonly { readonly data: string }[]
}

let names = 0
const fresh = () => `slow-${names++}`
const say = (channel: string, n: number) =>
  app.ask(`/channels/${channel}/messages`, { body: { data: `${n} ${BIG}` } })

const numbersIn = (frames: readonly Frame[]) =>
  frames.flatMap(({ messages }) => messages ?? []).map(({ data }) => Number.parseInt(data))
const upTo = (count: number) => Array.from({ length: count }, (_, n) => n)

/** A client that polls. */
class Poller {
  readonly #url: string
  readonly frames: Frame[] = []
  #path = ''

  constructor(url: string) {
    this.#url = `${url}/comet/`
  }

  async connect(): Promise<void> {
    await this.#read(fetch(`${this.#url}connect?key=${app.keys[0]}&stream=false&v=6`))
    this.#path = this.#url + this.frames[0]!.connectionDetails!.connectionKey
  }

  async poll(): Promise<void> {
    await this.#read(fetch(`${this.#path}/recv`))
  }

  async send(...frames: object[]): Promise<void> {
    await fetch(`${this.#path}/send`, { method: 'POST', body: JSON.stringify(frames) })
  }

  async #read(response: Promise<Response>): Promise<void> {
    const answer = await response
    expect(answer.status).toBe(200)
    this.frames.push(...((await answer.json()) as Frame[]))
  }
}

async function start(channel: string): Promise<string> {
  const client = new Poller(server.url)
  await client.connect()
  await client.send({ action: 10, channel })
  await client.poll()
  return client.frames[1]!.channelSerial!
}

describe('a backlog', () => {
  test('arrives poll by poll, however much it is', async () => {
    const channel = fresh()
    const channelSerial = await start(channel)
    for (let n = 0; n < MANY; n++) await say(channel, n)
    const client = new Poller(server.url)
    await client.connect()
    await client.send({ action: 10, channel, channelSerial })
    while (numbersIn(client.frames).length < MANY) await client.poll()
    await say(channel, MANY)
    await client.poll()
    expect(numbersIn(client.frames)).toEqual(upTo(MANY + 1))
  })

  test('arrives over one stream, as fast as it is read', async () => {
    const channel = fresh()
    const channelSerial = await start(channel)
    for (let n = 0; n < MANY; n++) await say(channel, n)
    const response = await fetch(`${server.url}/comet/connect?key=${app.keys[0]}&v=6`)
    const reader = linesOf(response)[Symbol.asyncIterator]()
    const [connected] = (await reader.next()).value as Frame[]
    const path = `${server.url}/comet/${connected!.connectionDetails!.connectionKey}`
    await fetch(`${path}/send`, {
      method: 'POST',
      body: JSON.stringify([{ action: 10, channel, channelSerial }]),
    })
    const frames: Frame[] = []
    while (numbersIn(frames).length < MANY) frames.push(...((await reader.next()).value as Frame[]))
    expect(numbersIn(frames)).toEqual(upTo(MANY))
  })
})

test('a stream that is not read is ended and uses bounded memory', async () => {
  const proxy = await FaultyProxy.start(() => server.port, Math.random)
  try {
    const channel = fresh()
    const response = await fetch(
      `http://127.0.0.1:${proxy.port}/comet/connect?key=${app.keys[0]}&v=6`,
    )
    const reader = linesOf(response)[Symbol.asyncIterator]()
    const [connected] = (await reader.next()).value as Frame[]
    const path = `${server.url}/comet/${connected!.connectionDetails!.connectionKey}`
    const send = (...frames: object[]) =>
      fetch(`${path}/send`, { method: 'POST', body: JSON.stringify(frames) })
    await send({ action: 10, channel })
    await reader.next()
    proxy.hold('down')
    let said = 0
    await eventually(
      async () => {
        await say(channel, said++)
        return (await send()).status === 410
      },
      'it is ended',
      15_000,
    )
    expect(said).toBeLessThan(MANY)
  } finally {
    await proxy.end()
  }
})

async function* linesOf(response: Response): AsyncGenerator<Frame[]> {
  let text = ''
  for await (const part of response.body!.pipeThrough(new TextDecoderStream())) {
    const lines = (text + part).split('\n')
    text = lines.pop()!
    for (const line of lines) yield JSON.parse(line) as Frame[]
  }
}
