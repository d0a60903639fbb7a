/** Publishing over REST, through the published client in both formats and as plain requests. */
import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import type Ably from 'ably'
import { AblyApp, type Answered, type Asked, type ErrorBody } from '../../../support/ably-app.ts'
import { type TestServer, startTestServer } from '../../../support/server.ts'

let server: TestServer
let app: AblyApp
let counter = 0

beforeAll(async () => {
  server = await startTestServer({ sandbox: 'true', 'max-message-bytes': '1000' })
  app = await AblyApp.make(
    server.url,
    [{ open: ['publish'] }, { '*': ['publish', 'history'] }],
    [
      { id: 'named', authenticated: true },
      { id: 'private', tlsOnly: true },
    ],
  )
})
afterAll(() => server.end())

/** A channel that no other test uses. */
const fresh = (): string => `test-${counter++}`
const pathOf = (channel: string): string => `/channels/${encodeURIComponent(channel)}/messages`

interface WireMessage {
  readonly id: string
  readonly name?: string
  readonly data?: unknown
  readonly clientId?: string
  readonly encoding?: string
  readonly extras?: unknown
  readonly serial: string
}

interface Receipt {
  readonly channel: string
  readonly messageId: string
  readonly serials: readonly string[]
}

function post(channel: string, body: unknown, asked: Asked = {}): Promise<Answered<Receipt>> {
  return app.ask<Receipt>(pathOf(channel), { body, ...asked })
}

async function refused(channel: string, body: unknown, asked: Asked = {}) {
  const answer = await app.ask<ErrorBody>(pathOf(channel), { body, ...asked })
  return [answer.status, answer.body.error.code]
}

/** All messages of a channel, the oldest first. */
async function kept(channel: string): Promise<WireMessage[]> {
  return (await app.ask<WireMessage[]>(`${pathOf(channel)}?direction=forwards`)).body
}

describe.each([false, true])('with useBinaryProtocol %p', (useBinaryProtocol) => {
  const values: readonly [string, unknown][] = [
    ['text', 'déjà vu'],
    ['empty text', ''],
    ['an object', { b: [1, null, { c: 'd' }], a: 1e21 }],
    ['a list', ['x', 2]],
    ['bytes', Buffer.from([0, 255, 128])],
    ['nothing', undefined],
  ]
  test.each(values)('%s comes back as it was', async (_what, data) => {
    const channel = app.client({ useBinaryProtocol }).channels.get(fresh())
    await channel.publish('a name', data)
    const { items } = await channel.history()
    expect(items).toHaveLength(1)
    expect(items[0]).toMatchObject({ name: 'a name', action: 'message.create' })
    expect(items[0]!.data).toEqual(data)
    expect(items[0]!.timestamp).toBeWithin(Date.now() - 10_000, Date.now() + 1)
  })

  test('several messages are answered with their serials, in order', async () => {
    const channel = app.client({ useBinaryProtocol }).channels.get(fresh())
    const { serials } = await channel.publish([{ name: 'one' }, { name: 'two' }, { name: 'three' }])
    expect(serials).toHaveLength(3)
    expect(serials.toSorted()).toEqual(serials)
    const { items } = await channel.history({ direction: 'forwards' })
    expect(items.map(({ name }) => name)).toEqual(['one', 'two', 'three'])
    expect(items.map(({ serial }) => serial)).toEqual(serials as string[])
  })

  test('extras and encrypted data are passed on unchanged', async () => {
    const channel = app.client({ useBinaryProtocol }).channels.get(fresh())
    const extras = { headers: { a: 1, b: 'x', c: true }, ref: { type: 'reply', timeserial: 'x' } }
    const secret = { data: 'c2VjcmV0', encoding: 'json/utf-8/cipher+aes-128-cbc/base64', extras }
    await channel.publish(secret)
    const [message] = (await channel.history()).items
    expect(message).toMatchObject({ extras, encoding: 'json/utf-8/cipher+aes-128-cbc' })
    expect(message!.data).toEqual(Buffer.from('secret'))
  })

  test('messages without a client id get that of the token', async () => {
    const channel = app.client({ useBinaryProtocol, clientId: 'ann' }).channels.get(fresh())
    await channel.publish('x', 'y')
    expect((await channel.history()).items[0]).toMatchObject({ clientId: 'ann' })
  })

  test('a refusal tells why', async () => {
    const channel = app.client({ key: app.keys[1]!, useBinaryProtocol }).channels.get('closed')
    expect(channel.publish('x', 'y')).rejects.toMatchObject({ code: 40160, statusCode: 401 })
  })
})

describe('the answer to a publisher', () => {
  test('is an object with a serial for each message', async () => {
    const channel = fresh()
    const { status, body, headers } = await post(channel, [{ name: 'a' }, { name: 'b' }])
    expect(status).toBe(201)
    expect(body).toEqual({ channel, messageId: expect.any(String), serials: expect.any(Array) })
    expect(headers.has('x-ably-errorcode')).toBe(false)
    expect((await kept(channel)).map(({ id }) => id)).toEqual([
      `${body.messageId}:0`,
      `${body.messageId}:1`,
    ])
  })

  test('has the requested format, whatever the format of the request', async () => {
    const body = { data: 'x' }
    const answer = await post(fresh(), body, {
      headers: { accept: 'application/x-msgpack' },
    })
    expect(answer.headers.get('content-type')).toBe('application/x-msgpack')
    expect(answer.body.serials).toHaveLength(1)
  })
})

describe('a member that is left out', () => {
  test('is absent, whether null or missing', async () => {
    const channel = fresh()
    await post(channel, { name: null, data: null, clientId: null, extras: null, id: null })
    await post(channel, {}, { binary: true })
    for (const message of await kept(channel)) {
      expect(Object.keys(message).toSorted()).toEqual(['action', 'id', 'serial', 'timestamp'])
    }
  })

  test('JSON written by hand is kept as its text', async () => {
    const channel = fresh()
    await post(channel, { data: { z: 1, a: [true] } })
    expect(await kept(channel)).toMatchObject([{ data: '{"z":1,"a":[true]}', encoding: 'json' }])
  })

  test('unknown parameters are ignored', async () => {
    const { status } = await app.ask(`${pathOf(fresh())}?rnd=1&request_id=x&testParam=y`, {
      body: { data: 'x' },
    })
    expect(status).toBe(201)
  })
})

describe('ids', () => {
  test('a single message keeps its id and is published once', async () => {
    const channel = fresh()
    const first = await post(channel, { id: 'foo', data: 'first' })
    const again = await post(channel, [{ id: 'foo', data: 'second' }], { binary: true })
    expect(again.status).toBe(201)
    expect(again.body).toEqual(first.body)
    expect(await kept(channel)).toMatchObject([{ id: 'foo', data: 'first' }])
  })

  test('simultaneous repetitions are published once', async () => {
    const channel = fresh()
    const message = { id: 'idempotent-msg-id:0', name: 'x' }
    const answers = await Promise.all([1, 2, 3].map(() => post(channel, message)))
    expect(answers.map(({ status }) => status)).toEqual([201, 201, 201])
    expect(await kept(channel)).toHaveLength(1)
  })

  test('several messages have one base id and are published once', async () => {
    const channel = fresh()
    const batch = [
      { id: 'a+/b==:0', data: '1' },
      { id: 'a+/b==:1', data: '2' },
    ]
    expect((await post(channel, batch)).body.messageId).toBe('a+/b==')
    expect((await post(channel, batch)).status).toBe(201)
    expect((await kept(channel)).map(({ id }) => id)).toEqual(['a+/b==:0', 'a+/b==:1'])
  })

  test.each([
    [[{ id: 'a:0' }, { id: 'b:1' }]],
    [[{ id: 'a:1' }, { id: 'a:0' }]],
    [[{ id: 'a:0' }, {}]],
    [[{ id: 'a' }, { id: 'b' }]],
    [{ id: '' }],
    [{ id: 7 }],
  ])('%j is refused', async (body) => {
    const channel = fresh()
    expect(await refused(channel, body)).toEqual([400, 40031])
    expect(await kept(channel)).toEqual([])
  })
})

describe('client ids', () => {
  const mixed = [{ name: 'a' }, { name: 'b', clientId: 'eve' }]

  test('a key that claims none may publish as anybody', async () => {
    const channel = fresh()
    await post(channel, mixed)
    expect((await kept(channel)).map(({ clientId }) => clientId)).toEqual([undefined, 'eve'])
  })

  const tokens: readonly [string, Ably.TokenParams, boolean][] = [
    ['of another client', { clientId: 'ann' }, false],
    ['without a client', {}, false],
    ['of any client', { clientId: '*' }, true],
  ]
  test.each(tokens)('a token %s', async (_whose, params, mayBeEve) => {
    const channel = fresh()
    const as = await app.token(params)
    if (mayBeEve) expect((await post(channel, mixed, { as })).status).toBe(201)
    else expect(await refused(channel, mixed, { as })).toEqual([400, 40012])
    expect(await kept(channel)).toHaveLength(mayBeEve ? 2 : 0)
  })

  test('a token sets its client id, and accepts it if given', async () => {
    const channel = fresh()
    const as = await app.token({ clientId: 'ann' })
    await post(channel, [{ name: 'a' }, { name: 'b', clientId: 'ann' }], { as })
    expect((await kept(channel)).map(({ clientId }) => clientId)).toEqual(['ann', 'ann'])
  })

  test('a key that claims a client id is bound by it', async () => {
    const channel = fresh()
    const headers = { 'x-ably-clientid': Buffer.from('ænn').toString('base64') }
    await post(channel, { name: 'a' }, { headers })
    expect(await refused(channel, mixed, { headers })).toEqual([400, 40012])
    expect((await kept(channel)).map(({ clientId }) => clientId)).toEqual(['ænn'])
  })

  test('a token cannot claim another client id', async () => {
    const as = await app.token({ clientId: 'ann' })
    const headers = { 'x-ably-clientid': btoa('eve') }
    expect(await refused(fresh(), { name: 'a' }, { as, headers })).toEqual([401, 40102])
  })
})

describe('refuses', () => {
  const wrong: readonly [string, unknown, number, number][] = [
    ['data that is no message', 7, 400, 40000],
    ['an empty list', [], 400, 40000],
    ['a number for data', { data: 5 }, 400, 40013],
    ['a name that is no text', { name: 5 }, 400, 40016],
    ['unknown extras', { extras: { foo: 1 } }, 400, 40032],
    ['nested headers', { extras: { headers: { a: {} } } }, 400, 40032],
    ['a client id that is no text', { clientId: 5 }, 400, 40012],
    ['a wildcard client id', { clientId: '*' }, 400, 40012],
    ['a message that is too large', { data: 'x'.repeat(1001) }, 413, 40009],
    [
      'messages that are together too large',
      [1, 2].map(() => ({ name: 'x'.repeat(501) })),
      413,
      40009,
    ],
    ['a body of any size', { data: 'x'.repeat(200_000) }, 413, 40009],
    ['too many messages', Array.from({ length: 1001 }, () => ({})), 400, 40034],
    ['a key of no connection', { connectionKey: 'nobody!x' }, 400, 40006],
    ['the id of a connection of others', { connectionId: 'abc' }, 400, 40006],
    ['a change of another message', { action: 1, serial: 'x' }, 400, 40000],
    ['no JSON', '{', 400, 40000],
  ]
  test.each(wrong)('%s', async (_what, body, status, code) => {
    const channel = fresh()
    expect(await refused(channel, body)).toEqual([status, code])
    expect(await kept(channel)).toEqual([])
  })

  test.each([':colon', '[unknown]x', '[unbalanced', 'new\nline', ''])(
    'the channel name %j',
    async (channel) => {
      const [status, code] = await refused(channel, { data: 'x' })
      expect(status).toBeWithin(400, 405)
      expect(code).toBe(channel === '' ? 40400 : 40010)
    },
  )

  test('what the capability does not permit', async () => {
    const as = app.keys[1]!
    expect(await refused('closed', {}, { as })).toEqual([401, 40160])
    expect((await post('open', {}, { as })).status).toBe(201)
  })

  test('headers that take a capability of their own', async () => {
    const privileged = { extras: { privileged: { skipRules: '*' } } }
    expect((await post(fresh(), privileged)).status).toBe(201)
    expect(await refused(fresh(), privileged, { as: app.keys[2]! })).toEqual([401, 40160])
  })

  test('an anonymous client, if the rule requires identification', async () => {
    expect(await refused('named:x', [{ clientId: 'ann' }, {}])).toEqual([401, 40161])
    expect((await post('named:x', { clientId: 'ann' })).status).toBe(201)
    const as = await app.token({ clientId: 'ann' })
    expect((await post('named:x', {}, { as })).status).toBe(201)
  })

  test('a channel that requires TLS, without it', async () => {
    expect(await refused('private:x', {})).toEqual([403, 40311])
  })

  test('a message that asks for a nack', async () => {
    const channel = fresh()
    const answer = await app.ask<ErrorBody>(`${pathOf(channel)}?_forceNack=true`, { body: {} })
    expect([answer.status, answer.body.error.code]).toEqual([400, 40099])
    expect(await kept(channel)).toEqual([])
  })

  test('a request without credentials, before anything else', async () => {
    expect(await refused(fresh(), '{', { as: null })).toEqual([401, 40101])
  })

  test('is reported in the body, in headers, and in the requested format', async () => {
    for (const binary of [false, true]) {
      const { body, headers } = await app.ask<ErrorBody>(pathOf(fresh()), {
        body: { data: 5 },
        binary,
      })
      expect(headers.get('content-type')).toBe(`application/${binary ? 'x-msgpack' : 'json'}`)
      expect(headers.get('x-ably-errorcode')).toBe('40013')
      expect(headers.get('x-ably-errormessage')).toBe(body.error.message)
      expect(body.error).toMatchObject({ statusCode: 400, href: `${server.url}/errors/40013` })
    }
  })
})

describe('ephemeral messages', () => {
  test.each([
    ['', { data: 'x', extras: { ephemeral: true } }],
    ['?ephemeral=true', { data: 'x' }],
  ])('are not remembered: %p %j', async (query, body) => {
    const channel = fresh()
    const { status } = await app.ask(pathOf(channel) + query, { body })
    expect(status).toBe(201)
    expect(await kept(channel)).toEqual([])
  })
})

describe('a message without an envelope', () => {
  const cases: readonly [string, string | Uint8Array<ArrayBuffer>, object][] = [
    ['text/plain', 'plain text', { data: 'plain text' }],
    ['application/json', '{"a": 1.0}', { data: '{"a": 1.0}', encoding: 'json' }],
    ['application/octet-stream', new Uint8Array([1, 2, 255]), { data: 'AQL/', encoding: 'base64' }],
  ]
  test.each(cases)('of type %s', async (type, body, expected) => {
    const channel = fresh()
    const response = await fetch(`${server.url}${pathOf(channel)}?enveloped=false&name=hello`, {
      method: 'POST',
      headers: {
        authorization: `Basic ${btoa(app.keys[0]!)}`,
        'content-type': type,
        'x-ably-messageid': 'my-id',
        'x-ably-clientid': btoa('ann'),
      },
      body,
    })
    expect(response.status).toBe(201)
    expect(await kept(channel)).toMatchObject([
      { ...expected, name: 'hello', id: 'my-id', clientId: 'ann' },
    ])
  })
})

test.each([
  ['UTF-8', Buffer.from('grüße 😀').toString('latin1'), 'grüße 😀'],
  ['Latin-1, as browsers write it', 'gr\u00fc\u00dfe', 'grüße'],
  ['ASCII', 'hello', 'hello'],
])('its name may come in a header, in %s', async (_, header, name) => {
  const channel = fresh()
  const response = await fetch(`${server.url}${pathOf(channel)}?enveloped=false`, {
    method: 'POST',
    headers: { authorization: `Basic ${btoa(app.keys[0]!)}`, 'x-ably-messagename': header },
    body: 'x',
  })
  expect(response.status).toBe(201)
  expect(await kept(channel)).toMatchObject([{ name }])
})

test('a form is published as a message', async () => {
  const channel = fresh()
  const response = await fetch(server.url + pathOf(channel), {
    method: 'POST',
    headers: { authorization: `Basic ${btoa(app.keys[0]!)}` },
    body: new URLSearchParams({ name: 'from a form', data: 'x=y&z' }),
  })
  expect(response.status).toBe(201)
  expect(await kept(channel)).toMatchObject([{ name: 'from a form', data: 'x=y&z' }])
})

test('any channel name can be used', async () => {
  for (const channel of ['a/b?c#d%20e', 'ünï:cödé 😀', 'a@b,c;d', 'x'.repeat(300)]) {
    const { body } = await post(channel, { data: channel })
    expect(body.channel).toBe(channel)
    expect(await kept(channel)).toMatchObject([{ data: channel }])
  }
})

describe('the claim of a JWT', () => {
  const claims = {
    'ably.channel.*': 'guest',
    'ably.channel.staff:*': 'colleague',
    'ably.limits.publish.perAttachment.maxRate.slow': 2,
  }

  test('about its user is set on messages and cannot be overwritten', async () => {
    const as = await jwt(claims)
    await post('anywhere', { extras: { userClaim: 'root', headers: { a: 1 } } }, { as })
    await post('staff:room', {}, { as })
    expect(await kept('anywhere')).toMatchObject([
      { extras: { headers: { a: 1 }, userClaim: 'guest' } },
    ])
    expect(await kept('staff:room')).toMatchObject([{ extras: { userClaim: 'colleague' } }])
  })

  test('about rates limits all its requests', async () => {
    const as = await jwt(claims)
    const statuses = []
    for (let i = 0; i < 3; i++) statuses.push((await post('slow', {}, { as })).status)
    expect(statuses).toEqual([201, 201, 429])
    expect(await refused('slow', {}, { as })).toEqual([429, 42911])
    expect((await post('fast', {}, { as })).status).toBe(201)
  })

  async function jwt(more: object): Promise<string> {
    const [name = '', secret = ''] = app.keys[0]!.split(':')
    const now = Math.floor(Date.now() / 1000)
    const part = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url')
    const signed = `${part({ typ: 'JWT', alg: 'HS256', kid: name })}.${part({ iat: now, exp: now + 60, ...more })}`
    const mac = new Bun.CryptoHasher('sha256', secret).update(signed).digest('base64url')
    return `${signed}.${mac}`
  }
})
