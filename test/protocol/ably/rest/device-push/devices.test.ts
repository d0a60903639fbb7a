/** Push notifications of Ably's SDKs: devices, subscriptions, and what reaches devices over a channel. */
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'bun:test'
import type Ably from 'ably'
import { Clients } from '../../../../support/ably.ts'
import { AblyApp, type Asked, type ErrorBody } from '../../../../support/ably-app.ts'
import { eventually } from '../../../../support/client.ts'
import { basic, deleteApp } from '../../../../support/sandbox-app.ts'
import { type TestServer, startTestServer } from '../../../../support/server.ts'

let server: TestServer
let app: AblyApp
let counter = 0
const clients = new Clients(() => app)

const DEVICES = '/push/deviceRegistrations'
const SUBSCRIPTIONS = '/push/channelSubscriptions'

beforeAll(async () => {
  server = await startTestServer({ sandbox: 'true' })
  app = await makeApp()
})
afterEach(() => clients.end())
afterAll(() => server.end())

const makeApp = () =>
  AblyApp.make(
    server.url,
    [
      { '*': ['push-admin'] },
      { 'phones:own:*': ['push-subscribe'] },
      { '*': ['publish', 'subscribe'], 'phones:*': ['push-admin'] },
    ],
    [{ id: 'phones', pushEnabled: true }],
  )

const ADMIN = 1
const SUBSCRIBER = 2
const STRANGER = 3

const fresh = (word: string) => `${word}-${counter++}`

/** A device that gets notifications over a channel. */
function device(id: string, channel = fresh('heard'), more: object = {}) {
  const recipient = {
    transportType: 'ablyChannel',
    channel,
    ablyKey: app.keys[0],
    ablyUrl: app.url,
  }
  return { id, platform: 'browser', formFactor: 'desktop', push: { recipient }, ...more } as const
}

function phone(id: string, more: object = {}) {
  const recipient = { transportType: 'fcm', registrationToken: 'abc' }
  return { id, platform: 'android', formFactor: 'phone', push: { recipient }, ...more } as const
}

async function refused(path: string, asked: Asked) {
  const { status, body } = await app.ask<ErrorBody>(path, asked)
  return [status, body.error.code]
}

interface Registered {
  readonly id: string
  readonly clientId?: string
  readonly formFactor: string
  readonly deviceSecret?: string
  readonly deviceIdentityToken: { readonly token: string; readonly keyName: string }
}

const register = (body: object, asked: Asked = {}) =>
  app.ask<Registered>(DEVICES, { body, ...asked })

/** Notifications that arrive on a channel, as they come. */
async function hearing(channel: string): Promise<() => Promise<unknown>> {
  const realtime = await clients.connected()
  const heard: unknown[] = []
  const waiting: ((value: unknown) => void)[] = []
  await realtime.channels.get(channel).subscribe('__ably_push__', ({ data }) => {
    const value: unknown = JSON.parse(data)
    const next = waiting.shift()
    if (next) next(value)
    else heard.push(value)
  })
  return () =>
    heard.length > 0
      ? Promise.resolve(heard.shift())
      : new Promise((resolve) => waiting.push(resolve))
}

const PAYLOAD = { notification: { title: 'Hi', body: 'there' }, data: { a: 'b' } }
const HEARD = {
  data: { a: 'b' },
  notification: {
    body: 'there',
    collapseKey: null,
    icon: null,
    sound: null,
    title: 'Hi',
    ttl: null,
  },
}

describe.each([false, true])('with useBinaryProtocol %p', (useBinaryProtocol) => {
  const admin = () => app.client({ useBinaryProtocol, key: app.keys[ADMIN]! }).push.admin

  test('devices are saved, read, changed and removed', async () => {
    const { deviceRegistrations } = admin()
    const id = fresh('device')
    const wish = phone(id, {
      clientId: 'ann',
      metadata: { deep: { yes: true } },
      deviceSecret: 's',
    })
    const saved = await deviceRegistrations.save(wish)
    expect(saved).toMatchObject({ id, clientId: 'ann', platform: 'android', push: wish.push })
    expect(saved.deviceSecret).toBeUndefined()
    await deviceRegistrations.save({ ...phone(id), formFactor: 'tablet' })
    const read = await deviceRegistrations.get(id)
    expect(read).toMatchObject({ formFactor: 'tablet', push: { state: 'ACTIVE' } })
    expect(read.clientId).toBeUndefined()
    // Kept, because the second registration has none.
    expect(read.deviceSecret).toBe('s')
    await deviceRegistrations.remove(id)
    await deviceRegistrations.remove(id)
    expect(deviceRegistrations.get(id)).rejects.toMatchObject({ code: 40400, statusCode: 404 })
  })

  test('devices are listed by id and by client, in pages', async () => {
    const { deviceRegistrations } = admin()
    const clientId = fresh('client')
    const ids = [1, 2, 3].map((n) => `${clientId}-${n}`)
    for (const id of ids) await deviceRegistrations.save(phone(id, { clientId }))
    const idsOf = (page: Ably.PaginatedResult<Ably.DeviceDetails>) => page.items.map(({ id }) => id)
    expect(idsOf(await deviceRegistrations.list({ deviceId: ids[1]! }))).toEqual([ids[1]!])
    const first = await deviceRegistrations.list({ clientId, limit: 2 })
    expect(idsOf(first)).toEqual(ids.slice(0, 2))
    const second = await first.next()
    expect(idsOf(second!)).toEqual(ids.slice(2))
    expect(second!.hasNext()).toBe(false)
    await deviceRegistrations.removeWhere({ clientId })
    expect((await deviceRegistrations.list({ clientId })).items).toEqual([])
  })

  test('devices and clients subscribe to channels', async () => {
    const { channelSubscriptions, deviceRegistrations } = admin()
    const [id, clientId, channel] = [fresh('device'), fresh('client'), `phones:${fresh('room')}`]
    await deviceRegistrations.save(phone(id))
    const own = { channel, deviceId: id }
    const shared = { channel, clientId }
    expect(await channelSubscriptions.save(own)).toMatchObject(own)
    expect(await channelSubscriptions.save(shared)).toMatchObject(shared)
    await channelSubscriptions.save(shared)
    const list = async (params: Ably.PushChannelSubscriptionParams & { concatFilters?: boolean }) =>
      (await channelSubscriptions.list(params)).items.map((item) =>
        JSON.parse(JSON.stringify(item)),
      )
    expect(await list({ channel })).toEqual([own, shared])
    expect(await list({ deviceId: id })).toEqual([own])
    expect(await list({ channel, deviceId: id, clientId })).toEqual([])
    const either = { channel, deviceId: id, clientId, concatFilters: true }
    expect(await list(either)).toEqual([own, shared])
    expect((await channelSubscriptions.listChannels({})).items).toContain(channel)
    await channelSubscriptions.remove(shared)
    expect(await list({ channel })).toEqual([own])
    // Subscriptions are removed with the device.
    await deviceRegistrations.remove(id)
    expect(await list({ channel })).toEqual([])
    expect((await channelSubscriptions.listChannels({})).items).not.toContain(channel)
  })

  test('a notification is published to a channel, a device, and the devices of a client', async () => {
    const api = admin()
    const [id, clientId, channel] = [fresh('device'), fresh('client'), fresh('heard')]
    const next = await hearing(channel)
    const wish = device(id, channel, { clientId })
    await api.deviceRegistrations.save(wish as unknown as Ably.DeviceDetails)
    for (const recipient of [wish.push.recipient, { deviceId: id }, { clientId }]) {
      await api.publish(recipient, PAYLOAD)
      expect(await next()).toEqual(HEARD)
    }
  })

  test('a message with a notification reaches subscribed devices and clients', async () => {
    const { channelSubscriptions, deviceRegistrations } = admin()
    const [one, other] = [fresh('device'), fresh('device')]
    const [clientId, channel] = [fresh('client'), `phones:${fresh('room')}`]
    const heard = await Promise.all([hearing(`to-${one}`), hearing(`to-${other}`)])
    const wishes = [device(one, `to-${one}`), device(other, `to-${other}`, { clientId })]
    for (const wish of wishes) await deviceRegistrations.save(wish as unknown as Ably.DeviceDetails)
    await channelSubscriptions.save({ channel, deviceId: one })
    await channelSubscriptions.save({ channel, clientId })
    const message = { name: 'news', data: 'x', extras: { push: PAYLOAD } }
    await app.client({ useBinaryProtocol }).channels.get(channel).publish(message)
    expect(await Promise.all(heard.map((next) => next()))).toEqual([HEARD, HEARD])
    const realtime = await clients.connected({ useBinaryProtocol })
    await realtime.channels.get(channel).publish(message)
    expect(await Promise.all(heard.map((next) => next()))).toEqual([HEARD, HEARD])
  })
})

describe('a device', () => {
  const own = (): Asked => ({ as: app.keys[SUBSCRIBER]! })

  test('gets a token with which it changes, reads and removes only itself', async () => {
    const id = fresh('device')
    const answer = await register(phone(id, { deviceSecret: 'mine' }), own())
    expect(answer.status).toBe(201)
    const { token, keyName } = answer.body.deviceIdentityToken
    expect(keyName).toBe(app.keys[SUBSCRIBER]!.split(':')[0]!)
    expect(answer.body.deviceSecret).toBeUndefined()
    const path = `${DEVICES}/${id}`
    const body = { push: { recipient: { transportType: 'fcm', registrationToken: 'new' } } }
    const changed = await app.ask(path, { method: 'PATCH', body, as: token })
    expect(changed.body).toMatchObject({ ...phone(id), push: { ...body.push, state: 'ACTIVE' } })
    const read = await app.ask<Registered>(path, { as: token })
    expect(read.body.deviceSecret).toBeUndefined()
    expect(await refused(DEVICES, { as: token })).toEqual([401, 40160])
    expect(await refused(`${DEVICES}/other`, { as: token })).toEqual([401, 40160])
    expect(await refused('/push/publish', { as: token, body: {} })).toEqual([401, 40160])
    const gone = await app.ask(`${DEVICES}?deviceId=${id}`, { method: 'DELETE', as: token })
    expect(gone.status).toBe(204)
    expect(await refused(path, { as: token })).toEqual([401, 40101])
  })

  test('proves itself with its token or secret beside its client’s credentials', async () => {
    const id = fresh('device')
    const answer = await register(phone(id, { deviceSecret: 'mine' }), own())
    const { token } = answer.body.deviceIdentityToken
    const body = { channel: 'phones:own:a', deviceId: id }
    for (const headers of [
      { 'x-ably-devicetoken': token },
      { 'x-ably-devicetoken': btoa(token) },
      { 'x-ably-devicesecret': 'mine' },
    ])
      expect((await app.ask(SUBSCRIPTIONS, { body, headers, ...own() })).status).toBe(201)
    for (const headers of [
      {},
      { 'x-ably-devicetoken': `${token}x` },
      { 'x-ably-devicesecret': 'no' },
    ])
      expect(await refused(SUBSCRIPTIONS, { body, headers, ...own() })).toEqual([401, 40160])
    const elsewhere = { channel: 'phones:else', deviceId: id }
    const headers = { 'x-ably-devicetoken': token }
    expect(await refused(SUBSCRIPTIONS, { body: elsewhere, headers, ...own() })).toEqual([
      401, 40160,
    ])
  })

  test('cannot be replaced by knowing its id', async () => {
    const id = fresh('device')
    await register(phone(id, { deviceSecret: 'mine' }), own())
    const stolen = device(id, 'mine-now')
    expect(await refused(DEVICES, { body: stolen, ...own() })).toEqual([401, 40160])
    const guess = { ...stolen, deviceSecret: 'yours' }
    expect(await refused(DEVICES, { body: guess, ...own() })).toEqual([401, 40160])
    const again = await register(phone(id, { deviceSecret: 'mine' }), own())
    expect(again.status).toBe(201)
  })

  test('can only have the client id of its credentials', async () => {
    const as = await app.token({ clientId: 'bob' }, app.keys[SUBSCRIBER]!)
    const id = fresh('device')
    const foreign = { body: phone(id, { clientId: 'ann' }), as }
    expect(await refused(DEVICES, foreign)).toEqual([400, 40012])
    const { body } = await register(phone(id), { as })
    expect(body.clientId).toBe('bob')
    const { token } = body.deviceIdentityToken
    const change = { method: 'PATCH', body: { clientId: 'ann' }, as: token }
    expect(await refused(`${DEVICES}/${id}`, change)).toEqual([400, 40012])
    const subscription = { channel: 'phones:own:b', clientId: 'ann' }
    expect(await refused(SUBSCRIPTIONS, { body: subscription, as })).toEqual([401, 40160])
    const mine = { channel: 'phones:own:b', clientId: 'bob' }
    expect((await app.ask(SUBSCRIPTIONS, { body: mine, as })).status).toBe(201)
  })

  test('loses its token when its key is revoked or it is registered again', async () => {
    const key = server.addKey({ capability: { capability: { '*': ['push-subscribe'] } } })
    const body = phone(fresh('device'), { deviceSecret: 'mine' })
    const path = `${DEVICES}/${body.id}`
    let answer = await register(body, { as: key })
    await eventually(async () => {
      if (answer.status !== 201) answer = await register(body, { as: key })
      return answer.status === 201
    }, 'the server knows the key')
    const before = answer.body.deviceIdentityToken.token
    const { token } = (await register(body, { as: key })).body.deviceIdentityToken
    expect(await refused(path, { as: before })).toEqual([401, 40101])
    expect((await app.ask(path, { as: token })).status).toBe(200)
    server.revokeKey(key)
    await eventually(
      async () => (await app.ask(path, { as: token })).status !== 200,
      'the server knows that the key is revoked',
    )
    expect(await refused(path, { as: token })).toEqual([401, 40131])
  })
})

describe('refuses', () => {
  const bad: readonly (readonly [string, object])[] = [
    ['no platform', { platform: undefined }],
    ['an unknown platform', { platform: 'toaster' }],
    ['an unknown form factor', { formFactor: 'fridge' }],
    ['no recipient', { push: { color: 'red' } }],
    ['an unknown transport', { push: { recipient: { transportType: 'pigeon' } } }],
    [
      'a channel without a key',
      { push: { recipient: { transportType: 'ablyChannel', channel: 'a' } } },
    ],
    ['another id than in the path', { id: 'other' }],
    ['a client id that is no text', { clientId: 7 }],
    ['metadata without end', { metadata: { long: 'x'.repeat(5000) } }],
  ]

  test.each(bad)('a device with %s', async (_name, members) => {
    const asked = { method: 'PUT', body: { ...phone('wrong'), ...members } }
    expect(await refused(`${DEVICES}/wrong`, asked)).toEqual([400, 40000])
    expect(await refused(`${DEVICES}/wrong`, {})).toEqual([404, 40400])
  })

  test.each([
    [{}],
    [{ recipient: {}, ...PAYLOAD }],
    [{ recipient: { foo: 'bar' }, ...PAYLOAD }],
    [{ recipient: { clientId: 'ann' } }],
    [{ recipient: { clientId: 'ann' }, xxx: 5 }],
    [{ recipient: { clientId: 'ann' }, notification: 'text' }],
    [
      {
        recipient: { transportType: 'ablyChannel', channel: 'a', ablyKey: 'no.key:here' },
        ...PAYLOAD,
      },
    ],
  ])('a notification %j', async (body) => {
    expect(await refused('/push/publish', { body })).toEqual([400, 40000])
  })

  test('a notification that is nested too deeply', async () => {
    const deep = JSON.parse(`${'['.repeat(100)}${']'.repeat(100)}`) as unknown
    const body = { recipient: { clientId: 'ann' }, data: { deep } }
    expect(await refused('/push/publish', { body })).toEqual([400, 40000])
  })

  test('a notification to an unknown device; one to an unsupported transport is accepted', async () => {
    const unknown = { recipient: { deviceId: 'nobody' }, ...PAYLOAD }
    expect(await refused('/push/publish', { body: unknown })).toEqual([404, 40400])
    const recipient = { transportType: 'apns', deviceToken: 'abc' }
    const answer = await app.ask('/push/publish', { body: { recipient, ...PAYLOAD } })
    expect(answer.status).toBe(204)
  })

  test('a subscription to a channel without push, of an unknown device, or of both', async () => {
    const subscribe = (body: object) => refused(SUBSCRIPTIONS, { body })
    expect(await subscribe({ channel: 'quiet', clientId: 'ann' })).toEqual([401, 40100])
    expect(await subscribe({ channel: 'phones:a', deviceId: 'nobody' })).toEqual([400, 40000])
    expect(await subscribe({ channel: 'phones:a', deviceId: 'a', clientId: 'b' })).toEqual([
      400, 40000,
    ])
    expect(await subscribe({ channel: '[meta]phones', clientId: 'b' })).toEqual([400, 40010])
  })

  test('a removal of everything, or of what fits two filters', async () => {
    const remove = (path: string) => refused(path, { method: 'DELETE' })
    expect(await remove(DEVICES)).toEqual([400, 40000])
    expect(await remove(SUBSCRIPTIONS)).toEqual([400, 40000])
    expect(await remove(`${SUBSCRIPTIONS}?deviceId=a&clientId=b`)).toEqual([400, 40000])
  })

  test('an invalid limit or state; a limit that is too large is reduced', async () => {
    expect(await refused(`${DEVICES}?limit=0`, {})).toEqual([400, 40003])
    expect(await refused(`${DEVICES}?state=TIRED`, {})).toEqual([400, 40003])
    expect((await app.ask(`${DEVICES}?limit=5000`)).status).toBe(200)
    expect((await app.ask(`${DEVICES}?state=FAILED`)).body).toEqual([] as never)
  })

  test.each([
    ['GET', DEVICES],
    ['GET', `${DEVICES}/a`],
    ['PUT', `${DEVICES}/a`],
    ['DELETE', `${DEVICES}?clientId=a`],
    ['GET', '/push/channels'],
    ['GET', SUBSCRIPTIONS],
    ['DELETE', `${SUBSCRIPTIONS}?deviceId=a`],
    ['POST', '/push/publish'],
  ])('%s %s without push-admin on all channels, in the words of SDKs', async (method, path) => {
    const body = method === 'GET' || method === 'DELETE' ? {} : { body: {} }
    for (const as of [app.keys[SUBSCRIBER]!, app.keys[STRANGER]!])
      expect(await refused(path, { method, as, ...body })).toEqual([401, 40160])
    const nobody = await app.ask<ErrorBody>(path, { method, as: null, binary: true, ...body })
    expect(nobody).toMatchObject({
      status: 401,
      body: { error: { code: 40101, statusCode: 401 } },
    })
    expect(nobody.headers.get('content-type')).toBe('application/x-msgpack')
    expect(nobody.headers.get('x-ably-errorcode')).toBe('40101')
  })

  test('unknown devices and subscriptions', async () => {
    expect(await refused('/push/batch/publish', { body: [] })).toEqual([404, 40400])
    expect(await refused('/push/publish', {})).toEqual([405, 40500])
  })
})

test('devices belong to their app and are removed with it', async () => {
  const other = await makeApp()
  const id = fresh('device')
  await app.ask(`${DEVICES}/${id}`, { method: 'PUT', body: phone(id) })
  expect((await other.ask(`${DEVICES}/${id}`)).status).toBe(404)
  const { body } = await other.ask<Registered>(DEVICES, { body: phone(id) })
  const as = body.deviceIdentityToken.token
  expect((await deleteApp(server.url, other.id, basic(other.keys[0]!))).status).toBe(204)
  expect(await refused(`${DEVICES}/${id}`, { as })).toEqual([401, 40101])
  expect((await app.ask(`${DEVICES}/${id}`)).status).toBe(200)
})
