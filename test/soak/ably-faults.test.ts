/**
 * Many clients in both formats publish over a network that cuts, delays and stalls. In the end every subscriber
 * has each message of its channels once and in order, or has been told that something is missing.
 */
import { afterAll, beforeAll, expect, test } from 'bun:test'
import Ably from 'ably'
import { AblyApp } from '../support/ably-app.ts'
import { eventually } from '../support/client.ts'
import { type Fault, RoughProxy } from '../support/rough-proxy.ts'
import { type TestServer, startTestServer } from '../support/server.ts'

const CLIENTS = 12
const CHANNELS = ['a', 'b', 'c']
const PUBLISHES = 60
const STRIKE_EVERY_MS = 30
/** The same each time, so that a failure can be looked at again. */
let seed = 20_240_607

let server: TestServer
let proxy: RoughProxy
let app: AblyApp
const clients: Ably.Realtime[] = []

beforeAll(async () => {
  server = await startTestServer({ sandbox: 'true' })
  app = await AblyApp.make(server.url)
  proxy = await RoughProxy.start(server.port)
})
afterAll(async () => {
  for (const client of clients) client.close()
  proxy.end()
  await server.end()
})

function chance(below: number): number {
  seed = (seed * 1_103_515_245 + 12_345) % 2 ** 31
  return Math.floor((seed / 2 ** 31) * below)
}

/** What one client has heard on one channel. */
interface Heard {
  readonly messages: string[]
  /** The server said that it does not go on where it was. */
  isBroken: boolean
}

function newClient(index: number): Ably.Realtime {
  const made = new Ably.Realtime({
    key: app.keys[0]!,
    endpoint: '127.0.0.1',
    port: proxy.port,
    tls: false,
    logLevel: 0,
    transports: ['web_socket'],
    useBinaryProtocol: index % 2 === 0,
    disconnectedRetryTimeout: 100,
    realtimeRequestTimeout: 1500,
  })
  clients.push(made)
  return made
}

async function listen(from: Ably.Realtime, name: string): Promise<Heard> {
  const heard: Heard = { messages: [], isBroken: false }
  const channel = from.channels.get(name)
  await channel.subscribe(({ data }) => heard.messages.push(String(data)))
  channel.on(['attached', 'update'], ({ resumed }) => {
    if (!resumed) heard.isBroken = true
  })
  return heard
}

const KINDS: readonly Fault['kind'][] = ['cut', 'cut', 'delay', 'stall', 'halfClose']

test('nothing is lost in silence, doubled or out of order', async () => {
  const heard: Record<string, Heard[]> = {}
  for (let index = 0; index < CLIENTS; index++) {
    const made = newClient(index)
    for (const name of CHANNELS) (heard[name] ??= []).push(await listen(made, name))
  }
  let struck = 0
  const strikes = setInterval(() => {
    struck++
    proxy.strike(chance(1000), { kind: KINDS[chance(KINDS.length)]!, ms: 50 + chance(400) })
  }, STRIKE_EVERY_MS)
  const accepted: Record<string, string[]> = {}
  const publishing = clients.map(async (from, index) => {
    for (let n = 0; n < PUBLISHES; n++) {
      const name = CHANNELS[(index + n) % CHANNELS.length]!
      const data = `${index}:${n}`
      // Without waiting: what is on its way when the network fails is what this is about.
      const published = from.channels.get(name).publish('n', data)
      published.then(
        () => (accepted[name] ??= []).push(data),
        () => undefined,
      )
      if (n % 4 === 3) {
        await published.catch(() => undefined)
        await Bun.sleep(chance(40))
      }
    }
  })
  await Promise.all(publishing)
  clearInterval(strikes)
  expect(struck).toBeGreaterThan(50)
  const whole = () =>
    CHANNELS.flatMap((name) =>
      heard[name]!.filter(
        ({ isBroken, messages }) => !isBroken && messages.length < new Set(accepted[name]).size,
      ),
    ).length === 0
  await eventually(whole, 'everybody has heard everything', 20_000)
  for (const name of CHANNELS) {
    const intact = heard[name]!.filter(({ isBroken }) => !isBroken)
    expect(intact.length).toBeGreaterThan(0)
    for (const { messages } of heard[name]!) {
      expect(messages.length).toBe(new Set(messages).size)
      for (let index = 0; index < CLIENTS; index++) {
        const numbers = messages
          .filter((text) => text.startsWith(`${index}:`))
          .map((text) => Number(text.split(':')[1]))
        expect(numbers).toEqual(numbers.toSorted((a, b) => a - b))
      }
    }
    for (const { messages } of intact) {
      expect([...messages].toSorted()).toEqual([...intact[0]!.messages].toSorted())
      expect(messages).toEqual(expect.arrayContaining(accepted[name]!))
    }
  }
}, 60_000)
