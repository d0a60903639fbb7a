/** Guests on channels of an app: bound by its state and rules, and not mistaken for its clients. */
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'bun:test'
import { must } from '../service/opened.ts'
import { Clients } from '../support/ably.ts'
import { Client, eventually } from '../support/client.ts'
import { IttyClient, statusOf } from '../support/itty.ts'
import { latchkey } from '../support/server.ts'
import { SEND_KEY, type World, makeWorld } from './world.ts'

let world: World
const clients = new Clients(() => world.server)
let names = 0
const fresh = (rule = 'open') => `${rule}:guests-${names++}`

beforeAll(async () => {
  world = await makeWorld()
})
afterEach(() => clients.end())
afterAll(() => world.end())

const join = (channel: string, more = {}) =>
  IttyClient.join(world.server.sockets + channel, { sendKey: SEND_KEY, ...more })

describe('names', () => {
  test.each(['guest:carol', 'guest:', 'guest:guest:carol'])(
    'a client of the app named %p is shown under that name',
    async (clientId) => {
      const channel = fresh()
      const reader = await join(channel, { list: true })
      const ably = await clients.connected({ key: world.keys.all, clientId })
      const room = ably.channels.get(channel)
      await room.publish('event', 'hello')
      expect((await reader.message('hello'))['alias']).toBe(clientId)
      await room.presence.enter()
      const joined = await reader.next((event) => event['type'] === 'join' && !event['self'])
      expect(joined['alias']).toBe(clientId)
      const late = await join(channel, { list: true })
      const { users } = late.events.find((event) => event['self'] === true)!
      expect(users).toContainEqual({ uid: ably.connection.id, alias: clientId })
      await room.presence.leave()
      await reader.next((event) => event['type'] === 'leave')
      for (const guest of [reader, late]) guest.socket.close()
    },
  )

  test('a guest is shown to guests by its alias, and to the app as a guest', async () => {
    const channel = fresh()
    const ably = await clients.connected({ key: world.keys.all })
    const heard: (string | undefined)[] = []
    await ably.channels.get(channel).subscribe(({ clientId }) => heard.push(clientId))
    const [carol, reader] = [await join(channel, { alias: 'carol' }), await join(channel)]
    carol.socket.send('hi')
    expect((await reader.message('hi'))['alias']).toBe('carol')
    await eventually(() => heard.length === 1, 'the app hears of it')
    expect(heard).toEqual(['guest:carol'])
    for (const guest of [carol, reader]) guest.socket.close()
  })

  test('a client cannot mark a message as one of a guest', async () => {
    const channel = fresh()
    const reader = await join(channel)
    const body = JSON.stringify({ data: 'x', clientId: 'guest:eve', guest: true, isGuest: true })
    const headers = {
      authorization: `Basic ${btoa(world.keys.all)}`,
      'content-type': 'application/json',
    }
    const url = `${world.server.url}/channels/${channel}/messages`
    expect((await fetch(url, { method: 'POST', headers, body })).status).toBe(201)
    const told = await reader.message('x')
    expect(told['alias']).toBeUndefined()
    reader.socket.close()
  })
})

async function explained(channel: string): Promise<string> {
  const told = await latchkey(['channels', 'explain', channel, '--data', world.server.folder])
  expect([told.code, told.err]).toEqual([0, ''])
  return told.out
}

describe('what changes for the app changes for its guests', () => {
  const set = (act: Parameters<World['change']>[0]) => world.change(act)
  const app = ({ apps }: Parameters<Parameters<World['change']>[0]>[0]) =>
    must(apps.find(world.appId))

  beforeEach(() => {
    set((services) => {
      must(services.apps.set(world.appId, { status: 'enabled', tlsOnly: false }))
      must(
        services.channelRules.set(app(services), 'open', { tlsOnly: false, authenticated: false }),
      )
    })
  })

  test.each<[string, Parameters<World['change']>[0]]>([
    ['the app is disabled', ({ apps }) => must(apps.set(world.appId, { status: 'disabled' }))],
    ['the app asks for TLS', ({ apps }) => must(apps.set(world.appId, { tlsOnly: true }))],
    [
      'the rule asks for TLS',
      (services) => must(services.channelRules.set(app(services), 'open', { tlsOnly: true })),
    ],
    [
      'the rule asks for client ids',
      (services) => must(services.channelRules.set(app(services), 'open', { authenticated: true })),
    ],
  ])('%s', async (_, change) => {
    const channel = fresh()
    await eventually(
      async () => (await statusOf(world.server.sockets + channel)) === 101,
      'guests may come',
    )
    const guest = await Client.join(`${world.server.sockets}${channel}?sendKey=${SEND_KEY}`)
    set(change)
    await guest.next(({ code }) => code === 'access_changed')
    expect((await guest.closing()).code).toBe(1008)
    expect(await statusOf(world.server.sockets + channel)).toBe(403)
    const push = await fetch(`${world.server.url}/push/${channel}`, {
      method: 'POST',
      headers: { 'x-send-key': SEND_KEY },
      body: '1',
    })
    expect(push.status).toBe(403)
    // The explanation is what happens, without TLS.
    const told = await explained(channel)
    expect(told).toMatch(/^Join +no$|over TLS only/m)
  })
})
