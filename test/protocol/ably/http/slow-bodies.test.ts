/** Rights of a key are checked again when the body has arrived, however long that took. */
import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { Caller } from '../../../api/caller.ts'
import { Client } from '../../../support/client.ts'
import { SlowRequest } from '../../../support/slow-request.ts'

let api: Caller
let url: string
beforeAll(async () => {
  api = await Caller.start({ sandbox: 'true' })
  url = api.server.url
})
afterAll(() => api.server.end())

const basic = (key: string) => ({
  authorization: `Basic ${btoa(key)}`,
  'content-type': 'application/json',
  'x-ably-version': '6',
})
const nameOf = (key: string) => key.slice(0, key.indexOf(':'))

/** A key that the server knows at once. */
async function addKey(wish: object = {}): Promise<string> {
  const me = await api.call<{ account: { id: string } }>('GET', '/me')
  const apps = await api.call<{ id: string }[]>('GET', `/accounts/${me.body.account.id}/apps`)
  const body = { name: 'of a test', capability: { '[*]*': ['*'] }, ...wish }
  return (await api.call<{ key: string }>('POST', `/apps/${apps.body[0]!.id}/keys`, { body })).body
    .key
}

async function revoke(key: string): Promise<void> {
  const [appId, keyId] = nameOf(key).split('.')
  const { status } = await api.call('POST', `/apps/${appId}/keys/${keyId}/revoke`)
  expect(status).toBe(200)
}

/** What another client can see of the effect. */
async function seen(path: string, as: string): Promise<unknown> {
  return (await fetch(url + path, { headers: basic(as) })).json()
}

const device = (id: string) => ({
  id,
  platform: 'ios',
  formFactor: 'phone',
  push: { recipient: { transportType: 'apns', deviceToken: 'x' } },
})

interface Act {
  readonly name: string
  readonly method?: string
  readonly path: (key: string) => string
  readonly body: object
  /** Where the effect can be seen, and the state without it. */
  readonly effect?: { readonly path: string; readonly none: unknown }
}

const ACTS: readonly Act[] = [
  {
    name: 'asking for a token',
    path: (key) => `/keys/${nameOf(key)}/requestToken`,
    body: { ttl: 60_000 },
  },
  {
    name: 'registering a device',
    path: () => '/push/deviceRegistrations',
    body: device('one'),
    effect: { path: '/push/deviceRegistrations?deviceId=one', none: [] },
  },
  {
    name: 'writing a device',
    method: 'PUT',
    path: () => '/push/deviceRegistrations/two',
    body: device('two'),
    effect: { path: '/push/deviceRegistrations?deviceId=two', none: [] },
  },
  {
    name: 'changing a device',
    method: 'PATCH',
    path: () => '/push/deviceRegistrations/known',
    body: { formFactor: 'tv' },
    effect: {
      path: '/push/deviceRegistrations?deviceId=known',
      none: [expect.objectContaining({ formFactor: 'phone' })],
    },
  },
  {
    name: 'subscribing a device',
    path: () => '/push/channelSubscriptions',
    body: { channel: 'pushed:x', clientId: 'late' },
    effect: { path: '/push/channelSubscriptions?clientId=late', none: [] },
  },
  {
    name: 'publishing a notification',
    path: () => '/push/publish',
    body: { recipient: { clientId: 'nobody' }, notification: { title: 'x' } },
  },
  {
    name: 'publishing',
    path: () => '/channels/late/messages',
    body: { name: 'late' },
    effect: { path: '/channels/late/messages', none: [] },
  },
  {
    name: 'publishing without an envelope',
    path: () => '/channels/raw/messages?enveloped=false',
    body: { late: true },
    effect: { path: '/channels/raw/messages', none: [] },
  },
  {
    name: 'publishing on several channels',
    path: () => '/messages',
    body: { channels: ['batch'], messages: { name: 'late' } },
    effect: { path: '/channels/batch/messages', none: [] },
  },
  {
    name: 'writing in a room',
    path: () => '/chat/v4/rooms/late/messages?clientId=ann',
    body: { text: 'late' },
    effect: { path: '/chat/v4/rooms/late/messages', none: [] },
  },
  {
    name: 'making statistics up',
    path: () => '/stats',
    body: [{ intervalId: '2020-02-03:04:05', inbound: { realtime: { messages: { count: 7 } } } }],
    effect: { path: '/stats?unit=minute&start=2020-02-03:04:05&end=2020-02-03:04:06', none: [] },
  },
]

describe('with a key that is revoked before the body has arrived', () => {
  for (const { name, method, path, body, effect } of ACTS) {
    test(`${name} is refused and has no effect`, async () => {
      const owner = await addKey()
      await api.call('POST', `/apps/${owner.split('.')[0]}/namespaces`, {
        body: { id: 'pushed', pushEnabled: true },
      })
      await fetch(`${url}/push/deviceRegistrations/known`, {
        method: 'PUT',
        headers: basic(owner),
        body: JSON.stringify(device('known')),
      })
      const key = await addKey()
      const text = JSON.stringify(body)
      const request = await SlowRequest.begin(url, path(key), {
        headers: basic(key),
        body: text,
        ...(method !== undefined && { method }),
      })
      expect(request.head).toBe('')
      await revoke(key)
      expect(await request.finish()).toBe(401)
      if (effect) expect(await seen(effect.path, owner)).toEqual(effect.none)
      // The same request is accepted with a valid key.
      const good = await fetch(url + path(owner), {
        method: method ?? 'POST',
        headers: basic(owner),
        body: text,
      })
      expect(good.status).toBeLessThan(300)
    })
  }

  test('tokens are not revoked', async () => {
    const key = await addKey({ revocableTokens: true })
    const request = await SlowRequest.begin(url, `/keys/${nameOf(key)}/revokeTokens`, {
      headers: basic(key),
      body: JSON.stringify({ targets: ['clientId:x'] }),
    })
    expect(request.head).toBe('')
    await revoke(key)
    expect(await request.finish()).toBe(401)
    expect(request.text).toContain('"code":40')
  })
})

describe('with a send key that is changed before the body has arrived', () => {
  test('a push is refused and not delivered', async () => {
    const me = await api.call<{ account: { id: string } }>('GET', '/me')
    const list = `/accounts/${me.body.account.id}/reservations`
    const made = await api.call<{ id: string }>('POST', list, {
      body: { namespace: 'late-push', sendKey: 'the first key' },
    })
    expect(made.status).toBe(201)
    const listener = await Client.join(`${api.server.sockets}late-push`)
    const push = (key: string, text: string) =>
      SlowRequest.begin(url, '/push/late-push', {
        headers: { 'x-send-key': key },
        body: JSON.stringify(text),
      })
    const late = await push('the first key', 'late')
    expect(late.head).toBe('')
    await api.call('PATCH', `/reservations/${made.body.id}`, { body: { sendKey: 'the second' } })
    expect(await late.finish()).toBe(403)
    expect(await (await push('the second', 'in time')).finish()).toBe(200)
    await listener.message('in time')
    expect(JSON.stringify(listener.frames)).not.toContain('"late"')
    listener.close()
  })
})
