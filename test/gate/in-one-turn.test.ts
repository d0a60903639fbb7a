/** A right that is lost while a request waits for something is not used afterwards. */
import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { must } from '../service/opened.ts'
import { eventually } from '../support/client.ts'
import { SlowRequest } from '../support/slow-request.ts'
import { SEND_KEY, type World, makeWorld } from './world.ts'

let world: World
let names = 0

beforeAll(async () => {
  world = await makeWorld()
})
afterAll(() => world.end())

function addKey(): string {
  let whole = ''
  world.change(({ apiKeys, apps }) => {
    const capability = { capability: { '*': ['*'] } }
    whole = must(apiKeys.add(must(apps.find(world.appId)), { capability })).whole
  })
  return whole
}

const idOf = (key: string) => key.slice(key.indexOf('.') + 1, key.indexOf(':'))

const headers = (key: string) => ({
  authorization: `Basic ${btoa(key)}`,
  'content-type': 'application/json',
  'x-ably-version': '6',
  'x-ably-clientid': btoa('ann'),
})

/** Waits until a read is answered with this status. */
async function answers(key: string, status: number): Promise<void> {
  await eventually(
    async () =>
      (await fetch(`${world.server.url}/channels/open:none/messages`, { headers: headers(key) }))
        .status === status,
    `reading is answered with ${status}`,
  )
}

async function messageOn(channel: string): Promise<string> {
  const path = `${world.server.url}/channels/${encodeURIComponent(channel)}/messages`
  const init = { method: 'POST', headers: headers(world.keys.all), body: '{"data":{"text":"x"}}' }
  return ((await (await fetch(path, init)).json()) as { serials: string[] }).serials[0]!
}

async function stateOf(channel: string): Promise<unknown> {
  const path = `${world.server.url}/channels/${encodeURIComponent(channel)}/messages`
  const list = (await (await fetch(path, { headers: headers(world.keys.all) })).json()) as Record<
    string,
    unknown
  >[]
  return list.map(({ data, annotations, action }) => ({ data, annotations, action }))
}

interface Act {
  readonly name: string
  readonly method?: string
  readonly path: (channel: string, serial: string) => string
  readonly body: (channel: string) => unknown
  readonly room?: boolean
}

const at = (channel: string) => `/channels/${channel}/messages`
const room = (channel: string) => `/chat/v4/rooms/${channel}/messages`

const ACTS: readonly Act[] = [
  { name: 'publishing', path: at, body: () => ({ data: 'late' }) },
  {
    name: 'publishing without an envelope',
    path: (c) => `${at(c)}?enveloped=false`,
    body: () => 1,
  },
  {
    name: 'publishing on many',
    path: () => '/messages',
    body: (channel) => ({ channels: [channel], messages: { data: 'late' } }),
  },
  {
    name: 'editing',
    method: 'PATCH',
    path: (c, serial) => `${at(c)}/${serial}`,
    body: () => ({ action: 1, data: 'late' }),
  },
  {
    name: 'annotating',
    path: (c, serial) => `${at(c)}/${serial}/annotations`,
    body: () => [{ action: 0, type: 'like:total.v1' }],
  },
  { name: 'saying in a room', path: room, body: () => ({ text: 'late' }), room: true },
  {
    name: 'changing in a room',
    method: 'PUT',
    path: (c, serial) => `${room(c)}/${serial}`,
    body: () => ({ message: { text: 'late' } }),
    room: true,
  },
  {
    name: 'deleting in a room',
    path: (c, serial) => `${room(c)}/${serial}/delete`,
    body: () => ({}),
    room: true,
  },
  {
    name: 'reacting in a room',
    path: (c, serial) => `${room(c)}/${serial}/reactions`,
    body: () => ({ type: 'distinct', name: 'like' }),
    room: true,
  },
]

describe('with a key that is revoked before the body has arrived', () => {
  for (const { name, method = 'POST', path, body, room: isRoom = false } of ACTS) {
    test(`${name} is refused and has no effect`, async () => {
      const channel = `open:turn-${names++}`
      const home = isRoom ? `${channel}::$chat` : channel
      const serial = await messageOn(home)
      const key = addKey()
      await answers(key, 200)
      const before = await stateOf(home)
      const text = JSON.stringify(body(channel))
      const request = await SlowRequest.begin(world.server.url, path(channel, serial), {
        method,
        headers: headers(key),
        body: text.padEnd(text.length + 2),
      })
      expect(request.head).toBe('')
      world.change(({ apiKeys, apps }) =>
        must(apiKeys.revoke(must(apps.find(world.appId)), idOf(key))),
      )
      await answers(key, 401)
      expect(await request.finish()).toBe(401)
      expect(await stateOf(home)).toEqual(before)
    })
  }
})

describe('a push over HTTP', () => {
  test.each<[string, Parameters<World['change']>[0], Parameters<World['change']>[0]]>([
    [
      'whose send key is changed',
      ({ reservations }) => must(reservations.change('open', { sendKey: 'another' })),
      ({ reservations }) => must(reservations.change('open', { sendKey: SEND_KEY })),
    ],
    [
      'whose reservation goes',
      ({ reservations }) => must(reservations.remove('open')),
      ({ accounts, reservations }) =>
        must(
          reservations.add(accounts.ensureOwner(), 'open', { sendKey: SEND_KEY, app: world.appId }),
        ),
    ],
    [
      'whose app is disabled',
      ({ apps }) => must(apps.set(world.appId, { status: 'disabled' })),
      ({ apps }) => must(apps.set(world.appId, { status: 'enabled' })),
    ],
  ])('%s before the body has come is refused', async (_, change, back) => {
    const channel = `open:turn-${names++}`
    const push = (headersOf: object) =>
      fetch(`${world.server.url}/push/${channel}`, {
        method: 'POST',
        headers: { ...headersOf },
        body: '1',
      })
    const key = { 'x-send-key': SEND_KEY }
    await eventually(async () => (await push(key)).status === 200, 'pushes are accepted')
    const request = await SlowRequest.begin(world.server.url, `/push/${channel}`, {
      headers: key,
      body: '"late"',
    })
    world.change(change)
    await eventually(async () => (await push(key)).status === 403, 'pushes are refused')
    expect(await request.finish()).toBe(403)
    world.change(back)
    await eventually(async () => (await push(key)).status === 200, 'pushes are accepted again')
    const history = JSON.stringify(await stateOf(channel))
    expect(history).not.toContain('late')
  })
})
