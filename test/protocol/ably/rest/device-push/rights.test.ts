/** Rights of a device: never more than at its registration, and for as long as that is valid. */
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'bun:test'
import { SignJWT } from 'jose'
import { Clients } from '../../../../support/ably.ts'
import { AblyApp, type Asked, type ErrorBody } from '../../../../support/ably-app.ts'
import { eventually } from '../../../../support/client.ts'
import { latchkey, startTestServer } from '../../../../support/server.ts'
import { type TimedServer, startTimedServer } from '../../../../support/timed-server.ts'

const DEVICES = '/push/deviceRegistrations'
const SUBSCRIPTIONS = '/push/channelSubscriptions'
const HOUR = 3_600_000

let server: TimedServer
let app: AblyApp
let root: string
const clients = new Clients(() => app)

beforeAll(async () => {
  server = await startTimedServer({ sandbox: 'true', 'sandbox-minutes': '10080' })
})
beforeEach(async () => {
  app = await AblyApp.make(
    server.url,
    [{ '*': ['push-admin'] }],
    [{ id: 'phones', pushEnabled: true }],
  )
  root = app.keys[0]!
})
afterEach(() => clients.end())
afterAll(() => server.end())

let counter = 0
const fresh = (word: string) => `${word}-${counter++}`

const NARROW = '{"phones:own:*":["push-subscribe","publish"],"other":["subscribe"]}'
const WIDE = '{"phones:*":["push-subscribe"]}'

function phone(id: string, more: object = {}) {
  const recipient = { transportType: 'fcm', registrationToken: 'abc' }
  return { id, platform: 'android', formFactor: 'phone', push: { recipient }, ...more } as const
}

interface Registered {
  readonly id: string
  readonly push: { readonly state: string }
  readonly deviceIdentityToken: { readonly token: string; readonly capability: string }
}

async function register(as: string, id = fresh('device'), more: object = {}) {
  const answer = await app.ask<Registered>(DEVICES, {
    body: phone(id, { deviceSecret: 'mine', ...more }),
    as,
  })
  expect(answer.status).toBe(201)
  const { token, capability } = answer.body.deviceIdentityToken
  return { id, token, capability }
}

type Device = Awaited<ReturnType<typeof register>>

async function codeOf(path: string, asked: Asked): Promise<number> {
  const { status, body } = await app.ask<ErrorBody | undefined>(path, asked)
  return status < 300 ? status : body!.error.code
}

/** Whether the device may have notifications of a channel, asking with nothing but its own token. */
const subscribe = ({ id, token }: Device, channel: string) =>
  codeOf(SUBSCRIPTIONS, { body: { channel, deviceId: id }, as: token })

const read = ({ id, token }: Device) => codeOf(`${DEVICES}/${id}`, { as: token })

async function jwt(claims: Record<string, unknown>): Promise<string> {
  const [kid, secret] = root.split(':') as [string, string]
  const iat = Math.floor(server.clock.now() / 1000)
  return new SignJWT({ iat, exp: iat + 3600, ...claims })
    .setProtectedHeader({ alg: 'HS256', kid })
    .sign(new TextEncoder().encode(secret))
}

async function revoke(target: string, more: object = {}): Promise<void> {
  const body = { targets: [target], ...more }
  expect((await app.ask(`/keys/${root.split(':')[0]}/revokeTokens`, { body })).status).toBe(201)
}

describe('a device', () => {
  test.each([
    ['a token', () => app.token({ capability: NARROW })],
    ['a JWT', () => jwt({ 'x-ably-capability': NARROW })],
    [
      'a JWT that carries a token',
      async () => jwt({ 'x-ably-token': await app.token({ capability: NARROW }) }),
    ],
  ])('has no more than %s that registered it, after its end too', async (_, make) => {
    const device = await register(await make())
    expect(device.capability).toBe('{"phones:own:*":["push-subscribe"]}')
    for (const hours of [0, 2, 48]) {
      server.clock.advance(hours * HOUR)
      expect(await subscribe(device, `phones:own:${hours}`)).toBe(201)
      expect(await subscribe(device, 'phones:else')).toBe(40160)
      expect(await read(device)).toBe(200)
    }
  })

  test('has the rights of the key that registered it, as far as devices use them', async () => {
    const device = await register(root)
    expect(device.capability).toBe('{"[*]*":["push-subscribe"]}')
    expect(await subscribe(device, 'phones:any')).toBe(201)
    expect(await codeOf('/channels/phones:any/messages', { as: device.token })).not.toBe(200)
  })

  test('loses rights that its key loses', async () => {
    const device = await register(await app.token({ capability: WIDE }))
    const name = root.split(':')[0]!
    const set = (capability: string) =>
      latchkey(['keys', 'set', name, '--capability', capability, '--data', server.folder])
    await set('{"phones:a":["*"],"elsewhere":["push-subscribe"]}')
    await eventually(
      async () => (await subscribe(device, 'phones:b')) === 40160,
      'the key is changed',
    )
    expect(await subscribe(device, 'phones:a')).toBe(201)
    await set('{"elsewhere":["push-subscribe"]}')
    await eventually(async () => (await read(device)) === 40160, 'nothing is left to it')
    await set('{"*":["*"]}')
    await eventually(async () => (await subscribe(device, 'phones:b')) === 201, 'the key is back')
  })

  test('gains no rights by being changed', async () => {
    const device = await register(await app.token({ capability: NARROW }))
    const path = `${DEVICES}/${device.id}`
    const wide = await app.token({ capability: WIDE })
    const shown = { 'x-ably-devicetoken': device.token }
    const changes: Asked[] = [
      { method: 'PUT', body: phone(device.id), as: root },
      { method: 'PATCH', body: { metadata: { a: 1 } }, as: app.keys[1]! },
      { method: 'PUT', body: phone(device.id), as: wide, headers: shown },
      {
        method: 'PATCH',
        body: { metadata: {} },
        as: wide,
        headers: { 'x-ably-devicesecret': 'mine' },
      },
      { method: 'PATCH', body: { clientId: 'ann' }, as: root },
      { method: 'PUT', body: phone(device.id), as: device.token },
    ]
    for (const change of changes) {
      expect((await app.ask(path, change)).status).toBe(200)
      expect(await subscribe(device, 'phones:else')).toBe(40160)
      expect(await subscribe(device, 'phones:own:a')).toBe(201)
    }
  })

  test('registered again has the rights of that registration, and another token', async () => {
    const before = await register(await app.token({ capability: NARROW }))
    const after = await register(await app.token({ capability: WIDE }), before.id)
    expect(await read(before)).toBe(40101)
    expect(await subscribe(after, 'phones:else')).toBe(201)
    const last = await register(await app.token({ capability: NARROW }), before.id)
    expect(await subscribe(last, 'phones:else')).toBe(40160)
  })

  test('cannot register another device with more rights', async () => {
    const first = await register(await app.token({ capability: NARROW, clientId: 'ann' }))
    server.clock.advance(1)
    const second = await register(first.token)
    expect(second.capability).toBe(first.capability)
    expect(await subscribe(second, 'phones:else')).toBe(40160)
    // Although it has no client id, its right comes from her token.
    await revoke('clientId:ann')
    expect(await read(second)).toBe(40141)
  })
})

describe('a device ends', () => {
  const registered: [what: string, make: (client: string) => Promise<string>, target: string][] = [
    [
      'of the client of its token',
      (clientId) => app.token({ clientId, capability: WIDE }),
      'clientId:ann',
    ],
    [
      'of the client of its JWT',
      (clientId) => jwt({ 'x-ably-clientId': clientId, 'x-ably-capability': WIDE }),
      'clientId:ann',
    ],
    [
      'of its revocation key',
      () => jwt({ 'x-ably-revocation-key': 'team', 'x-ably-capability': WIDE }),
      'revocationKey:team',
    ],
    [
      'of a channel that its token named',
      () => app.token({ capability: WIDE }),
      'channel:phones:*',
    ],
    [
      'of a channel that only its token named',
      () => app.token({ capability: '{"news":["subscribe"],"phones:*":["push-subscribe"]}' }),
      'channel:news',
    ],
  ]

  test.each(registered)('with a revocation %s', async (_, make, target) => {
    const device = await register(await make('ann'))
    const other = await register(
      await app.token({ clientId: 'bob', capability: '{"phones:b":["push-subscribe"]}' }),
    )
    await revoke('clientId:somebody')
    expect(await read(device)).toBe(200)
    await revoke(target)
    for (const hours of [0, 25, 72]) {
      server.clock.advance(hours * HOUR)
      expect(await read(device)).toBe(40141)
      expect(await subscribe(device, 'phones:a')).toBe(40141)
      expect(await read(other)).toBe(200)
    }
    // Its token is refused, but its secret lets it register again.
    const as = await app.token({ capability: WIDE })
    const headers = { 'x-ably-devicetoken': device.token }
    expect(await codeOf(`${DEVICES}/${device.id}`, { as, headers })).toBe(40160)
    const again = await register(as, device.id)
    expect(await subscribe(again, 'phones:a')).toBe(201)
  })

  test('when its client id is revoked, if registered with a key or wildcard token', async () => {
    const any = await app.token({ clientId: '*', capability: WIDE })
    const devices = [
      await register(root, fresh('device'), { clientId: 'ann' }),
      await register(any, fresh('device'), { clientId: 'ann' }),
    ]
    await revoke('clientId:ann')
    for (const device of devices) expect(await read(device)).toBe(40141)
    // Later within the same millisecond.
    const again = await register(root, devices[0]!.id, { clientId: 'ann' })
    expect(await read(again)).toBe(200)
  })

  test('when the client id that it was given later, or had before, is revoked', async () => {
    const [ann, bob] = await Promise.all(
      ['ann', 'bob'].map((clientId) => app.token({ clientId, capability: WIDE })),
    )
    for (const target of ['clientId:ann', 'clientId:bob']) {
      const device = await register(ann!)
      const headers = { 'x-ably-devicesecret': 'mine' }
      const change = { method: 'PATCH', body: { clientId: 'bob' }, as: bob!, headers }
      expect((await app.ask(`${DEVICES}/${device.id}`, change)).status).toBe(200)
      await revoke(target, { issuedBefore: server.clock.now() })
      expect(await read(device)).toBe(200)
      server.clock.advance(1)
      await revoke(target, { issuedBefore: server.clock.now() })
      expect(await read(device)).toBe(40141)
      server.clock.set(-1)
      await app.ask(`${DEVICES}/${device.id}`, { method: 'DELETE' })
    }
  })

  test('at the moment that the revocation names', async () => {
    const token = await app.token({ clientId: 'ann', capability: WIDE })
    server.clock.advance(60_000)
    const device = await register(token)
    const issued = server.clock.now() - 60_000
    await revoke('clientId:ann', { issuedBefore: issued })
    expect(await read(device)).toBe(200)
    await revoke('clientId:ann', { issuedBefore: issued + 1 })
    expect(await read(device)).toBe(40141)
  })

  test('when the margin of a revocation is over', async () => {
    const token = await app.token({ clientId: 'ann', capability: WIDE })
    const before = await register(token)
    await revoke('clientId:ann', { allowReauthMargin: true })
    const within = await register(token)
    for (const device of [before, within]) expect(await read(device)).toBe(200)
    server.clock.advance(31_000)
    for (const device of [before, within]) expect(await read(device)).toBe(40141)
  })

  test('with a revocation by the command line', async () => {
    const real = await startTestServer({ sandbox: 'true' })
    try {
      app = await AblyApp.make(real.url)
      root = app.keys[0]!
      const device = await register(await app.token({ clientId: 'ann', capability: WIDE }))
      const name = root.split(':')[0]!
      await latchkey(['tokens', 'revoke', name, '--client-id', 'ann', '--data', real.folder])
      expect(await read(device)).toBe(40141)
    } finally {
      await real.end()
    }
  })

  test('with its app', async () => {
    const device = await register(await app.token({ capability: WIDE }))
    await latchkey(['apps', 'set', app.id, '--status', 'disabled', '--data', server.folder])
    await eventually(async () => (await read(device)) === 40120, 'the app is disabled')
  })

  test('and is then listed as failed', async () => {
    const device = await register(await app.token({ clientId: 'ann', capability: WIDE }))
    const other = await register(root)
    await revoke('clientId:ann')
    const listed = async (query: string) => {
      const { body } = await app.ask<Registered[]>(`${DEVICES}${query}`)
      return body.map(({ id, push }) => `${id} ${push.state}`).toSorted()
    }
    const all = [`${device.id} FAILED`, `${other.id} ACTIVE`].toSorted()
    expect(await listed('')).toEqual(all)
    expect(await listed('?state=FAILED')).toEqual([`${device.id} FAILED`])
    expect(await listed('?state=ACTIVE')).toEqual([`${other.id} ACTIVE`])
    expect(await listed('?state=FAILING')).toEqual([])
  })
})

test('an ended device gets no notifications, and others do', async () => {
  const channel = 'phones:news'
  const heard: string[] = []
  const realtime = await clients.connected()
  await realtime.channels.get('heard').subscribe('__ably_push__', ({ data }) => {
    heard.push((JSON.parse(data) as { data: { to: string } }).data.to)
  })
  const recipient = { transportType: 'ablyChannel', channel: 'heard', ablyKey: root }
  const make = (as: string, more: object) =>
    register(as, fresh('device'), { push: { recipient }, ...more })
  const gone = await make(await app.token({ clientId: 'ann', capability: WIDE }), {})
  const there = await make(await app.token({ clientId: 'bob', capability: WIDE }), {})
  const subscriptions = [
    { channel, deviceId: gone.id },
    { channel, clientId: 'ann' },
    { channel, deviceId: there.id },
  ]
  for (const body of subscriptions)
    expect((await app.ask(SUBSCRIPTIONS, { body })).status).toBe(201)
  const notify = async (round: string) => {
    for (const to of [{ deviceId: gone.id }, { clientId: 'ann' }, { deviceId: there.id }]) {
      const name = `${round} ${Object.values(to)[0]}`
      const body = { recipient: to, data: { to: name }, notification: { title: 'x' } }
      expect((await app.ask('/push/publish', { body })).status).toBe(204)
    }
    const push = { data: { to: `${round} channel` }, notification: { title: 'x' } }
    const body = { name: 'news', data: 'x', extras: { push } }
    expect((await app.ask(`/channels/${channel}/messages`, { body })).status).toBe(201)
  }
  await notify('before')
  await eventually(() => heard.length === 5, 'everybody hears')
  expect(heard.filter((text) => text === 'before channel')).toHaveLength(2)
  await revoke('clientId:ann')
  heard.length = 0
  await notify('after')
  await eventually(() => heard.includes('after channel'), 'the other one hears')
  expect(heard).toEqual([`after ${there.id}`, 'after channel'])

  const keyed = await make(app.keys[1]!, {})
  const subscription = { channel, deviceId: keyed.id }
  expect((await app.ask(SUBSCRIPTIONS, { body: subscription })).status).toBe(201)
  heard.length = 0
  await notify('keyed')
  await eventually(() => heard.length === 3, 'both hear')
  const name = app.keys[1]!.split(':')[0]!
  await latchkey(['keys', 'revoke', name, '--data', server.folder])
  await eventually(async () => (await read(keyed)) === 40131, 'its key is revoked')
  heard.length = 0
  await notify('last')
  await eventually(() => heard.includes('last channel'), 'the other one hears')
  expect(heard).toEqual([`last ${there.id}`, 'last channel'])
})
