/** Somebody sets the clock of the machine by an hour while people are connected: what lasts lasts as long as ever. */
import { afterEach, beforeEach, describe, expect, test } from 'bun:test'
import { AblyApp, type ErrorBody } from '../support/ably-app.ts'
import { ACTION, FrameClient } from '../support/ably.ts'
import { Client, eventually } from '../support/client.ts'
import { EventReader } from '../support/event-reader.ts'
import { metric } from '../support/itty.ts'
import { type TimedServer, startTimedServer } from '../support/timed-server.ts'

const HOUR = 3_600_000
const MINUTE = 60_000

const STEPS = [
  ['back', -HOUR],
  ['forward', HOUR],
] as const

let server: TimedServer
let app: AblyApp
let names = 0
let room = ''

beforeEach(async () => {
  server = await startTimedServer({
    sandbox: 'true',
    'message-rate': '1',
    'message-burst': '3',
    'channel-rate': '1',
    'channel-burst': '3',
    'attempt-rate': '1',
    'attempt-burst': '5',
    'trusted-proxies': '127.0.0.1',
  })
  app = await AblyApp.make(server.url, [], [{ id: 'kept', persisted: true }])
  room = `room-${names++}`
})
afterEach(() => server.end())

/** Waits until so many connections are left, since the server notices lost ones with a delay. */
const left = (count: number) =>
  eventually(
    async () => (await metric(server, 'latchkey_connections')) === count,
    'the server knows who is gone',
  )

const connect = (more = `key=${app.keys[0]}`) => FrameClient.connected(app, `${more}&v=6`)

interface Told {
  readonly name: string
  readonly timestamp: number
}

const history = async (name: string, query = '') =>
  (await app.ask<Told[]>(`/channels/${encodeURIComponent(name)}/messages${query}`)).body

async function publish(name: string, body: object): Promise<{ status: number; serial: string }> {
  const path = `/channels/${encodeURIComponent(name)}/messages`
  const { status, body: answer } = await app.ask<{ serials?: string[] }>(path, { body })
  return { status, serial: String(answer.serials?.[0]) }
}

const outcome = async (token: string) => {
  const { status, body } = await app.ask<ErrorBody>('/channels/x/messages', { as: token })
  return status === 200 ? 'ok' : String(body.error.code)
}

describe.each(STEPS)('the clock is set %s by an hour', (_, step) => {
  test('an app of the sandbox lives as long as promised', async () => {
    const made = await AblyApp.make(server.url)
    const status = async () => (await made.ask('/channels/x/messages')).status
    server.clock.set(step)
    expect(await status()).toBe(200)
    server.clock.advance(MINUTE)
    expect(await status()).toBe(200)
  })

  test('heartbeats go on', async () => {
    const client = await connect(`key=${app.keys[0]}&heartbeatInterval=5000`)
    await client.settled()
    const before = client.all(ACTION.HEARTBEAT).length
    server.clock.set(step)
    await client.settled()
    expect(client.all(ACTION.HEARTBEAT)).toHaveLength(before + 1)
    server.clock.advance(5000)
    await client.next(ACTION.HEARTBEAT, before + 1)
  })

  test('presence of a lost connection ends on time', async () => {
    const [ann, bob] = [await connect(`key=${app.keys[0]}&clientId=ann`), await connect()]
    await bob.attach(room)
    await ann.attach(room)
    ann.send({ action: ACTION.PRESENCE, channel: room, msgSerial: 0, presence: [{ action: 2 }] })
    await bob.next(ACTION.PRESENCE)
    ann.terminate()
    await left(1)
    server.clock.set(step)
    server.clock.advance(MINUTE)
    const leave = await bob.until(() =>
      bob
        .all(ACTION.PRESENCE)
        .find(({ presence }) => (presence as { action: number }[])[0]?.action === 3),
    )
    expect(leave).toBeDefined()
  })

  test('a connection can be resumed for two minutes', async () => {
    const [one, two] = [await connect(), await connect()]
    for (const client of [one, two]) client.terminate()
    await left(0)
    server.clock.set(step)
    server.clock.advance(MINUTE)
    const again = await connect(`key=${app.keys[0]}&resume=${one.connectionKey}`)
    expect(again.connectionId).toBe(one.connectionId)
    server.clock.advance(MINUTE + 1000)
    const late = await connect(`key=${app.keys[0]}&resume=${two.connectionKey}`)
    expect(late.connectionId).not.toBe(two.connectionId)
  })

  test('occupancy news are sent', async () => {
    const watcher = await connect()
    await watcher.attach(room, { params: { occupancy: 'metrics' } })
    const others = [await connect(), await connect()]
    await others[0]!.attach(room)
    server.clock.set(step)
    await others[1]!.attach(room)
    const counted = () =>
      watcher
        .all(ACTION.MESSAGE)
        .map(({ messages }) => JSON.stringify(messages))
        .at(-1)
    server.clock.advance(15_000)
    await watcher.until(() => (counted()?.includes('connections\\":3') === true ? true : undefined))
  })

  test('a token issued afterwards expires on time, on every way in', async () => {
    server.clock.set(step)
    const token = await app.token({ ttl: 6000, timestamp: server.clock.now() })
    const client = await connect(`access_token=${token}`)
    const sse = `${app.url}/sse?channels=${room}&v=3&accessToken=${token}`
    const stream = await EventReader.open(sse)
    server.clock.advance(5900)
    await client.settled()
    expect(await outcome(token)).toBe('ok')
    server.clock.advance(100)
    expect(await client.next(ACTION.DISCONNECTED)).toMatchObject({ error: { code: 40142 } })
    expect((await stream.next(0, ({ event }) => event === 'error')).data).toContain('40142')
    expect(await outcome(token)).toBe('40142')
  })

  test('messages are remembered for two minutes, and positions and times never go back', async () => {
    const reader = await connect()
    await reader.attach(room)
    await publish(room, { name: 'a' })
    server.clock.advance(MINUTE)
    server.clock.set(step)
    await publish(room, { name: 'b' })
    server.clock.advance(30_000)
    await publish(room, { name: 'c' })
    const told = await history(room, '?direction=forwards')
    expect(told.map(({ name }) => name)).toEqual(['a', 'b', 'c'])
    const times = told.map(({ timestamp }) => timestamp)
    expect(times.toSorted((a, b) => a - b)).toEqual(times)
    expect(times[2]).toBeGreaterThan(times[1]!)
    const heard = reader.all(ACTION.MESSAGE).map(({ timestamp }) => Number(timestamp))
    expect(heard).toEqual(times)
    server.clock.advance(31_000)
    expect((await history(room, '?direction=forwards')).map(({ name }) => name)).toEqual(['b', 'c'])
  })

  test('clients resume', async () => {
    const reader = await connect()
    const { channelSerial } = await reader.attach(room)
    reader.terminate()
    await publish(room, { name: 'missed' })
    server.clock.set(step)
    await publish(room, { name: 'missed too' })
    server.clock.advance(MINUTE)
    const again = await connect(`key=${app.keys[0]}&resume=${reader.connectionKey}`)
    const attached = await again.attach(room, { channelSerial })
    expect(Number(attached['flags']) & 4).toBe(4)
    const messages = await again.until(() => {
      const all = again.all(ACTION.MESSAGE).flatMap((frame) => frame['messages'] as Told[])
      return all.length === 2 ? all : undefined
    })
    expect(messages.map(({ name }) => name)).toEqual(['missed', 'missed too'])
  })

  test('ids of publications are known for two minutes', async () => {
    for (const name of [room, `kept:${room}`]) {
      const first = await publish(name, { id: 'order-1', name: 'a' })
      server.clock.set(step)
      server.clock.advance(MINUTE)
      expect(await publish(name, { id: 'order-1', name: 'a' })).toEqual(first)
      server.clock.advance(MINUTE + 1000)
      expect((await publish(name, { id: 'order-1', name: 'a' })).serial).not.toBe(first.serial)
    }
  })

  test('rates of connections, channels, guests and attempts refill as time passes', async () => {
    const client = await connect()
    const guest = new Client(`${server.sockets}${room}`)
    await guest.next(({ type }) => type === 'join')
    const status = async () => (await publish(room, {})).status
    const forged = async () =>
      (await app.ask('/channels/x/messages', { as: 'nobody.nothing:x' })).status
    const say = async (msgSerial: number) => {
      const frame = { channel: `own-${room}-${msgSerial}`, msgSerial, messages: [{}] }
      client.send({ action: ACTION.MESSAGE, ...frame })
      await client.settled()
      return client.all(ACTION.NACK).length
    }
    for (let n = 0; n < 3; n++) {
      expect(await status()).toBe(201)
      guest.send('1')
      expect(await say(n)).toBe(0)
    }
    for (let n = 0; n < 5; n++) expect(await forged()).toBe(401)
    server.clock.set(step)
    expect(await status()).toBe(429)
    expect(await say(3)).toBe(1)
    expect(await forged()).toBe(429)
    guest.send('1')
    expect((await guest.error())['message']).toBe('too many messages')
    server.clock.advance(1000)
    expect(await status()).toBe(201)
    expect(await say(4)).toBe(1)
    expect(await forged()).toBe(401)
  })
})

describe('a token issued before', () => {
  test('does not last longer for a connection or stream when the clock is set back', async () => {
    const token = await app.token({ ttl: MINUTE, timestamp: server.clock.now() })
    const client = await connect(`access_token=${token}`)
    const sse = `${app.url}/sse?channels=${room}&v=3&accessToken=${token}`
    const stream = await EventReader.open(sse)
    server.clock.advance(MINUTE / 2)
    server.clock.set(-HOUR)
    server.clock.advance(MINUTE / 2)
    expect(await client.next(ACTION.DISCONNECTED)).toMatchObject({ error: { code: 40142 } })
    expect((await stream.next(0, ({ event }) => event === 'error')).data).toContain('40142')
  })

  test('stays revoked when a clock that was set forward is set back', async () => {
    const token = await app.token({ ttl: HOUR / 2, timestamp: server.clock.now(), clientId: 'ann' })
    const name = app.keys[0]!.split(':')[0]!
    const revoke = (who: string) =>
      app.ask(`/keys/${name}/revokeTokens`, { body: { targets: [`clientId:${who}`] } })
    await revoke('ann')
    expect(await outcome(token)).toBe('40141')
    server.clock.set(48 * HOUR)
    // Makes the server read the list again and delete what has expired.
    await revoke('bob')
    server.clock.advance(11 * MINUTE)
    await revoke('carl')
    server.clock.set(-48 * HOUR)
    expect(await outcome(token)).toBe('40141')
  })

  test('expires by its date when the clock is set forward', async () => {
    const token = await app.token({ ttl: HOUR / 2, timestamp: server.clock.now() })
    const client = await connect(`access_token=${token}`)
    server.clock.set(HOUR)
    expect(await outcome(token)).toBe('40142')
    // Checked at the next heartbeat.
    server.clock.advance(15_000)
    expect(await client.next(ACTION.DISCONNECTED)).toMatchObject({ error: { code: 40142 } })
  })
})
