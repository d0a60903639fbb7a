/** Rates apply to every way in, and refused acts are charged. */
import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { SignJWT } from 'jose'
import type { DashboardUser } from '../dashboard/dashboard-user.ts'
import { must } from '../service/opened.ts'
import { ACTION, FrameClient } from '../support/ably.ts'
import { eventually } from '../support/client.ts'
import { statusOf } from '../support/itty.ts'
import { startTestServer } from '../support/server.ts'
import { ATTEMPTS } from './ways.ts'
import { SEND_KEY, type World, makeWorld } from './world.ts'

let world: World
let names = 0
const nobody = undefined as unknown as DashboardUser

beforeAll(async () => {
  world = await makeWorld()
})
afterAll(() => world.end())

async function messageOn(channel: string): Promise<string> {
  const answer = await fetch(
    `${world.server.url}/channels/${encodeURIComponent(channel)}/messages`,
    {
      method: 'POST',
      headers: {
        authorization: `Basic ${btoa(world.keys.all)}`,
        'content-type': 'application/json',
      },
      body: '{"data":{"text":"x"}}',
    },
  )
  return ((await answer.json()) as { serials: string[] }).serials[0]!
}

describe('the rate that a token sets itself', () => {
  const RATE = 2
  const jwt = () => {
    const [kid = '', secret] = world.keys.all.split(':')
    const now = Math.floor(Date.now() / 1000)
    const claims = {
      iat: now,
      exp: now + 600,
      'x-ably-clientId': 'ann',
      'ably.limits.publish.perAttachment.maxRate.open:*': RATE,
    }
    return new SignJWT(claims)
      .setProtectedHeader({ typ: 'JWT', alg: 'HS256', kid })
      .sign(new TextEncoder().encode(secret))
  }

  test.each([
    'publish rest',
    'publish realtime',
    'publish comet',
    'publish batch',
    'publish chat',
    'edit rest',
    'edit realtime',
    'edit chat',
    'annotate rest',
    'annotate realtime',
    'annotate chat',
  ])('limits %s', async (act) => {
    const channel = `open:rates-${names++}`
    const serial = await messageOn(act.endsWith('chat') ? `${channel}::$chat` : channel)
    const wish = { as: await jwt(), channel, serial }
    const said: string[] = []
    for (let i = 0; i < 10 && !said.includes('42911'); i++)
      said.push(await ATTEMPTS[act]!(world, wish, nobody))
    expect(said.slice(0, RATE)).toEqual(Array.from({ length: RATE }, () => 'ok'))
    expect(said.at(-1)).toBe('42911')
  })

  test('counts all ways together', async () => {
    const channel = `open:rates-${names++}`
    const wish = { as: await jwt(), channel, serial: await messageOn(channel) }
    const said: string[] = []
    for (const act of ['publish rest', 'annotate realtime', 'edit rest', 'publish realtime'])
      said.push(await ATTEMPTS[act]!(world, wish, nobody))
    expect(said.slice(0, RATE)).toEqual(['ok', 'ok'])
    expect(said).toContain('42911')
  })
})

describe('the rate of an app', () => {
  const set = (messageRate: number | null) =>
    world.change(({ apps }) => must(apps.set(world.appId, { messageRate })))

  test.each(['publish rest', 'publish realtime', 'publish batch', 'publish itty', 'publish push'])(
    'limits %s',
    async (act) => {
      set(1)
      try {
        const said: string[] = []
        const attempt = () => {
          const channel = `open:rates-${names++}`
          return ATTEMPTS[act]!(
            world,
            { as: world.keys.all, channel, sendKey: SEND_KEY, serial: '' },
            nobody,
          )
        }
        const refusal = /itty|push/.test(act) ? 'app_rate' : '42917'
        // Each message goes to another channel, so it is the rate of the app.
        await eventually(async () => {
          said.push(await attempt())
          return said.includes(refusal)
        }, 'it is refused')
        expect(said.filter((code) => code !== 'ok' && code !== refusal)).toEqual([])
      } finally {
        set(null)
      }
    },
  )
})

describe('one key over REST', () => {
  test('has a limit of requests, refused ones included', async () => {
    const server = await startTestServer({ 'key-rate': '1', 'key-burst': '5' })
    try {
      const key = server.addKey({ capability: { capability: { mine: ['publish'] } } })
      const ask = async (path: string, body?: object) => {
        const headers = {
          authorization: `Basic ${btoa(key)}`,
          'content-type': 'application/json',
          'x-ably-version': '6',
        }
        const init = body ? { method: 'POST', headers, body: JSON.stringify(body) } : { headers }
        const answer = await fetch(server.url + path, init)
        const { error } = (await answer.json()) as { error?: { code: number } }
        return error?.code
      }
      // At first the key is unknown, which is not charged.
      await eventually(async () => (await ask('/stats')) === 40160, 'the server knows the key')
      const codes = [
        await ask('/channels/other/messages'),
        await ask('/channels'),
        await ask('/stats'),
      ]
      expect(codes).toEqual([40160, 40160, 40160])
      let last: number | undefined
      await eventually(async () => {
        last = await ask('/channels/mine/messages', { data: 'x' })
        return last !== undefined
      }, 'the key has asked too often')
      expect(last).toBe(42910)
    } finally {
      await server.end()
    }
  })

  test('is charged for each message of a batch on each channel, afterwards', async () => {
    const server = await startTestServer({ 'key-rate': '1', 'key-burst': '50' })
    try {
      const key = server.addKey()
      const headers = {
        authorization: `Basic ${btoa(key)}`,
        'content-type': 'application/json',
        'x-ably-version': '6',
      }
      const publish = async (channels: readonly string[]) => {
        const body = JSON.stringify({ channels, messages: [{ data: 'x' }, { data: 'y' }] })
        return fetch(`${server.url}/messages`, { method: 'POST', headers, body })
      }
      await eventually(async () => (await publish(['a'])).status === 201, 'the key is known')
      const many = Array.from({ length: 100 }, (_, n) => `c${n}`)
      const passed = (await (await publish(many)).json()) as { successCount: number }
      expect(passed.successCount).toBe(100)
      expect((await publish(['a'])).status).toBe(429)
    } finally {
      await server.end()
    }
  })
})

test('each message of a frame counts', async () => {
  const server = await startTestServer({ 'message-rate': '1', 'message-burst': '5' })
  try {
    const key = server.addKey()
    await eventually(async () => {
      const answer = await fetch(`${server.url}/stats`, {
        headers: { authorization: `Basic ${btoa(key)}` },
      })
      return answer.ok
    }, 'the key is known')
    const client = await FrameClient.connected(server, `key=${key}&v=6`)
    const messages = Array.from({ length: 60 }, () => ({ data: 'x' }))
    client.send({ action: ACTION.MESSAGE, channel: 'a', msgSerial: 0, messages })
    await client.next(ACTION.ACK)
    client.send({ action: ACTION.MESSAGE, channel: 'a', msgSerial: 1, messages: [{ data: 'x' }] })
    expect(await client.next(ACTION.NACK)).toMatchObject({ error: { code: 42911 } })
    client.terminate()
  } finally {
    await server.end()
  }
})

describe('the origins that an app allows', () => {
  const set = (allowedOrigins: readonly string[] | null) =>
    world.change(({ apps }) => must(apps.set(world.appId, { allowedOrigins })))
  const good = 'https://good.test'
  const evil = 'https://evil.test'

  beforeAll(async () => {
    set([good])
    await eventually(async () => (await rest(evil)) === 403, 'the server knows the list')
  })
  afterAll(() => set(null))

  const auth = { authorization: `Basic ${btoa('x')}` }
  const rest = async (origin: string | undefined) => {
    const headers = {
      ...auth,
      authorization: `Basic ${btoa(world.keys.all)}`,
      ...(origin && { origin }),
    }
    return (await fetch(`${world.server.url}/channels/open:x/messages`, { headers })).status
  }
  const realtime = async (origin: string | undefined) => {
    const socket = new WebSocket(
      `${world.server.url.replace('http', 'ws')}/?key=${world.keys.all}&v=6`,
      { headers: origin ? { origin } : {} } as unknown as string,
    )
    const first = await new Promise<string>((resolve) =>
      socket.addEventListener('message', ({ data }) => resolve(String(data))),
    )
    socket.close()
    return (JSON.parse(first) as { action: number }).action === ACTION.CONNECTED ? 200 : 403
  }
  const itty = async (origin: string | undefined) =>
    (await statusOf(`${world.server.sockets}open:x`, origin ? { origin } : {})) === 101 ? 200 : 403
  const push = async (origin: string | undefined) =>
    (
      await fetch(`${world.server.url}/push/open:x`, {
        method: 'POST',
        headers: { 'x-send-key': SEND_KEY, ...(origin && { origin }) },
        body: '1',
      })
    ).status
  const stream = async (origin: string | undefined) => {
    const answer = await fetch(
      `${world.server.url}/sse?channels=open:x&v=6&key=${world.keys.all}&clientId=ann`,
      { headers: { ...(origin && { origin }) } },
    )
    await answer.body?.cancel()
    return answer.status
  }
  const token = async (origin: string | undefined) => {
    const [name] = world.keys.all.split(':')
    const answer = await fetch(`${world.server.url}/keys/${name}/requestToken`, {
      method: 'POST',
      headers: {
        authorization: `Basic ${btoa(world.keys.all)}`,
        'content-type': 'application/json',
        ...(origin && { origin }),
      },
      body: JSON.stringify({ keyName: name, timestamp: Date.now() }),
    })
    return answer.ok ? 200 : answer.status
  }

  test.each([
    ['REST', rest],
    ['realtime', realtime],
    ['itty', itty],
    ['push', push],
    ['streams', stream],
    ['tokens', token],
  ])('bind %s', async (_, ask) => {
    expect([await ask(undefined), await ask(good), await ask(evil), await ask('null')]).toEqual([
      200, 200, 403, 403,
    ])
  })
})
