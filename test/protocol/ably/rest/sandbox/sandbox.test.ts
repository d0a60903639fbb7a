/** Disposable apps: made in one request, known at once, deleted with a key, and gone when their time is over. */
import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import Ably from 'ably'
import { Packr } from 'msgpackr'
import { eventually } from '../../../../support/client.ts'
import {
  type SandboxAnswer,
  WISH,
  basic,
  deleteApp,
  newSandboxApp,
  postApp,
} from '../../../../support/sandbox-app.ts'
import { type TestServer, startTestServer } from '../../../../support/server.ts'
import { startTimedServer } from '../../../../support/timed-server.ts'

let server: TestServer

beforeAll(async () => {
  server = await startTestServer({ sandbox: 'true' })
})
afterAll(() => server.end())

function client({ endpoint, port, tls }: SandboxAnswer, key: string): Ably.Rest {
  return new Ably.Rest({ key, endpoint, port, tls, logLevel: 0 })
}

describe('an app', () => {
  test('has what was asked for, in order, with new ids', async () => {
    const [app, other] = await Promise.all([newSandboxApp(server.url), newSandboxApp(server.url)])
    expect(app).toMatchObject({
      id: `${app.accountId}:${app.appId}`,
      status: 'enabled',
      tlsOnly: false,
      created: expect.any(Number),
      modified: expect.any(Number),
      endpoint: '127.0.0.1',
      port: server.port,
      tls: false,
      channels: WISH.channels,
    })
    expect(app.keys.map(({ capability }) => capability)).toEqual([
      '{"*":["*"]}',
      '{"desk":["presence"],"room:*":["publish","subscribe"]}',
      '{"*":["*"]}',
      '{"[*]*":["*"]}',
    ])
    expect(app.keys.map(({ revocableTokens }) => revocableTokens)).toEqual([
      false,
      false,
      true,
      false,
    ])
    for (const key of app.keys) {
      expect(key).toMatchObject({ type: 0, status: 0, expires: 0, value: key.keySecret })
      expect(key.keyName).toBe(`${app.appId}.${key.id}`)
      expect(key.keyStr).toBe(`${key.keyName}:${key.keySecret}`)
    }
    expect(app.namespaces).toMatchObject(
      ['kept', 'phones', 'drafts'].map((id) => ({
        id,
        persisted: id === 'kept',
        pushEnabled: id === 'phones',
        mutableMessages: id === 'drafts',
      })),
    )
    expect(other.appId).not.toBe(app.appId)
    expect(other.keys[0]!.keySecret).not.toBe(app.keys[0]!.keySecret)
  })

  test('can be used by the published client at once', async () => {
    const app = await newSandboxApp(server.url)
    const details = await client(app, app.keys[1]!.keyStr).auth.requestToken()
    expect(details).toMatchObject({
      keyName: app.keys[1]!.keyName,
      capability: app.keys[1]!.capability,
    })
  })

  test.each(['', '{}', 'null'])(
    'asked for with the body %j has one key that permits everything',
    async (body) => {
      const app = await newSandboxApp(server.url, body)
      expect(app.keys.map(({ capability }) => capability)).toEqual(['{"*":["*"]}'])
      expect(app.namespaces).toEqual([])
    },
  )

  test('is asked for and told of in MessagePack too', async () => {
    const packr = new Packr({ useRecords: false, int64AsType: 'number' })
    const type = 'application/x-msgpack'
    const response = await fetch(`${server.url}/apps`, {
      method: 'POST',
      headers: { 'content-type': type, accept: type },
      body: new Uint8Array(packr.pack(WISH)),
    })
    expect(response.status).toBe(201)
    expect(response.headers.get('content-type')).toBe(type)
    const app = packr.unpack(await response.bytes()) as SandboxAnswer
    expect(app.keys).toHaveLength(WISH.keys.length)
    expect(app.namespaces).toHaveLength(WISH.namespaces.length)
  })

  test.each([
    ['latchkey.test:8443', 'latchkey.test', 8443],
    ['latchkey.test', 'latchkey.test', 80],
    ['localhost:81', 'localhost', 81],
    ['[::1]:9000', '::1', 9000],
    ['latchkey:8080', 'latchkey.', 8080],
  ])('asked for at %s is found there', async (host, endpoint, port) => {
    const response = await postApp(server.url, {}, { host })
    expect(await response.json()).toMatchObject({ endpoint, port, tls: false })
  })
})

describe('an invalid request', () => {
  const member = (fields: object) => ({ channels: [{ name: 'c', presence: [fields] }] })
  test.each([
    ['{', 'the body is not valid JSON'],
    ['[]', 'the body is no object'],
    [{ keys: {} }, 'keys is no list'],
    [{ keys: [] }, 'keys is an empty list'],
    [{ keys: [1] }, 'keys[0] is no object'],
    [{ keys: [{}, { capability: '{' }] }, 'keys[1].capability is not valid JSON'],
    [{ keys: [{ revocableTokens: 'yes' }] }, 'keys[0].revocableTokens is no boolean'],
    [`{"keys":[${'{},'.repeat(100)}{}]}`, 'keys has more than 100 entries'],
    [{ namespaces: [{}] }, 'namespaces[0].id is no text'],
    [{ namespaces: [{ id: 'a', persisted: 1 }] }, 'namespaces[0].persisted is no boolean'],
    [{ limits: { presence: { maxMembers: 0 } } }, 'limits.presence.maxMembers is a number'],
    [{ channels: [{ name: '' }] }, 'channels[0].name is no text'],
    [member({}), 'channels[0].presence[0].clientId is no client id'],
    [member({ clientId: 'a', data: 5 }), 'channels[0].presence[0]: data is text'],
  ])('%p: %s', async (body, complaint) => {
    const response = await postApp(server.url, body)
    expect(response.status).toBe(400)
    const { error } = (await response.json()) as { error: { code: number; message: string } }
    expect(error.code).toBe(40000)
    expect(error.message).toStartWith(complaint)
  })

  test.each([
    [{ keys: [{}, { capability: '{"c":["shout"]}' }] }, 'the capability has the unknown operation'],
    [{ namespaces: [{ id: 'a' }, { id: 'a' }] }, 'the app has a rule of that id'],
    [{ namespaces: [{ id: 'a:b' }] }, 'the id of a rule'],
    [{ ...WISH, limits: { presence: { maxMembers: 2 } } }, 'a channel can have no more than 2'],
  ])('%j leaves no app behind', async (body, complaint) => {
    const sandbox = await startTestServer({ sandbox: 'true', 'max-sandbox-apps': '1' })
    try {
      const response = await postApp(sandbox.url, body)
      expect([400, 409]).toContain(response.status)
      const { error } = (await response.json()) as { error: { message: string } }
      expect(error.message).toStartWith(complaint)
      await newSandboxApp(sandbox.url)
    } finally {
      await sandbox.end()
    }
  })
})

describe('deleting', () => {
  test('works with any key of the app, and ends them all', async () => {
    const app = await newSandboxApp(server.url)
    const response = await deleteApp(server.url, app.appId, basic(app.keys.at(-1)!.keyStr))
    expect(response.status).toBe(204)
    const { auth } = client(app, app.keys[0]!.keyStr)
    expect(auth.requestToken()).rejects.toMatchObject({ statusCode: 404 })
    const again = await deleteApp(server.url, app.appId, basic(app.keys[0]!.keyStr))
    expect(again.status).toBe(401)
  })

  test.each([
    ['the key of another app', 401, 40101, async () => basic(await otherKey())],
    ['a wrong secret', 401, 40101, (app: SandboxAnswer) => basic(`${app.keys[0]!.keyStr}x`)],
    ['nothing', 401, 40101, () => ''],
    [
      'a token',
      401,
      40162,
      async (app: SandboxAnswer) =>
        `Bearer ${btoa((await client(app, app.keys[0]!.keyStr).auth.requestToken()).token)}`,
    ],
  ])('with %s is refused', async (_what, status, code, authorization) => {
    const app = await newSandboxApp(server.url)
    const response = await deleteApp(server.url, app.appId, await authorization(app))
    expect(response.status).toBe(status)
    expect(await response.json()).toMatchObject({ error: { code } })
  })

  test('is possible for sandbox apps only', async () => {
    const key = server.addKey()
    const appId = key.slice(0, key.indexOf('.'))
    await eventually(
      async () => (await deleteApp(server.url, appId, basic(key))).status === 403,
      'the server knows the key and refuses',
    )
  })

  async function otherKey(): Promise<string> {
    return (await newSandboxApp(server.url)).keys[0]!.keyStr
  }
})

test('an app is removed when its time is over, and makes room for another', async () => {
  const timed = await startTimedServer({
    sandbox: 'true',
    'sandbox-minutes': '60',
    'max-sandbox-apps': '2',
  })
  try {
    const early = await newSandboxApp(timed.url)
    timed.clock.advance(30 * 60_000)
    const late = await newSandboxApp(timed.url)
    expect((await postApp(timed.url, {})).status).toBe(429)
    const use = async ({ keys }: SandboxAnswer) => {
      const url = `${timed.url}/keys/${keys[0]!.keyName}/requestToken`
      const headers = { authorization: basic(keys[0]!.keyStr) }
      return (await fetch(url, { method: 'POST', headers, body: '{}' })).status
    }
    expect(await use(early)).toBe(201)
    timed.clock.advance(30 * 60_000)
    expect(await use(early)).toBeOneOf([401, 404])
    expect(await use(late)).toBe(201)
    await eventually(async () => (await postApp(timed.url, {})).status === 201, 'there is room')
  } finally {
    await timed.end()
  }
})

test('a server without a sandbox says how to get one', async () => {
  const plain = await startTestServer()
  try {
    const response = await postApp(plain.url, {})
    expect(response.status).toBe(404)
    expect(await response.json()).toMatchObject({
      error: {
        code: 40400,
        message: 'apps are made here only where the server runs with a sandbox',
      },
    })
  } finally {
    await plain.end()
  }
})

test('requests of one address are limited', async () => {
  const slow = await startTestServer({ sandbox: 'true', 'push-rate': '1', 'push-burst': '1' })
  try {
    expect((await postApp(slow.url, {})).status).toBe(201)
    const response = await postApp(slow.url, {})
    expect(response.status).toBe(429)
    expect(response.headers.get('retry-after')).toBe('1')
  } finally {
    await slow.end()
  }
})

test('a large app is charged more', async () => {
  const most = async (body: object) => {
    const slow = await startTimedServer({ sandbox: 'true', 'push-rate': '1', 'push-burst': '100' })
    try {
      let made = 0
      while ((await postApp(slow.url, body)).status === 201) made++
      return made
    } finally {
      await slow.end()
    }
  }
  const many = (count: number, of: (i: number) => object) =>
    Array.from({ length: count }, (_, i) => of(i))
  expect(await most({})).toBe(9)
  expect(
    await most({ keys: many(20, () => ({})), namespaces: many(19, (i) => ({ id: `n${i}` })) }),
  ).toBe(2)
  const presence = many(100, (i) => ({ clientId: `c${i}` }))
  expect(await most({ channels: many(5, (i) => ({ name: `c${i}`, presence })) })).toBe(2)
})

describe('on a public address', () => {
  test.each([
    [{ host: '203.0.113.5' }, '203.0.113.5'],
    [{ host: '2001:db8::5' }, '2001:db8::5'],
    [{ 'public-url': 'https://latchkey.test' }, 'latchkey.test'],
  ])('with %j it does not start', async (flags, address) => {
    const started = startTestServer({ sandbox: 'true', ...flags })
    expect(started).rejects.toThrow(
      `--sandbox lets anyone make apps, and ${address} is a public address`,
    )
    await started.catch(() => {})
  })

  test.each([
    { 'public-url': 'https://latchkey.test', 'sandbox-on-public-address': 'true' },
    { 'public-url': 'http://10.1.2.3:8080' },
    { 'public-url': 'http://app.localhost:8080' },
  ])('with %j it starts', async (flags) => {
    const started = await startTestServer({ sandbox: 'true', ...flags })
    await started.end()
  })
})
