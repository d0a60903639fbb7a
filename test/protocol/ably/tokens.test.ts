/** Tokens over REST, through the published Ably client in both formats and as plain requests. */
import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import Ably from 'ably'
import { Packr } from 'msgpackr'
import { eventually } from '../../support/client.ts'
import { type TestServer, startTestServer } from '../../support/server.ts'

let server: TestServer
/** A key that permits everything, with revocable tokens. */
let full: string
/** `{"news:*":["subscribe"]}` */
let narrow: string

beforeAll(async () => {
  server = await startTestServer()
  full = server.addKey({ revocableTokens: true })
  narrow = server.addKey({ capability: { capability: { 'news:*': ['subscribe'] } } })
  await eventually(
    async () => (await post(`/keys/${nameOf(narrow)}/requestToken`, narrow, {})).status === 201,
    'the server knows the keys',
  )
})
afterAll(() => server.end())

function nameOf(key: string): string {
  return key.slice(0, key.indexOf(':'))
}

function rest(options: Ably.ClientOptions): Ably.Rest {
  return new Ably.Rest({
    endpoint: '127.0.0.1',
    port: server.port,
    tls: false,
    logLevel: 0,
    ...options,
  })
}

function post(
  path: string,
  key: string,
  body: object,
  headers: Record<string, string> = {},
): Promise<Response> {
  return fetch(server.url + path, {
    method: 'POST',
    headers: {
      authorization: `Basic ${btoa(key)}`,
      'content-type': 'application/json',
      ...headers,
    },
    body: JSON.stringify(body),
  })
}

describe.each([false, true])(
  'the published client, with useBinaryProtocol %p',
  (useBinaryProtocol) => {
    test('reads the time', async () => {
      const before = Date.now()
      const time = await rest({ key: full, useBinaryProtocol }).time()
      expect(time).toBeGreaterThanOrEqual(before)
      expect(time).toBeLessThanOrEqual(Date.now())
    })

    test('gets a token with the requested lifetime', async () => {
      const details = await rest({ key: full, useBinaryProtocol }).auth.requestToken({
        ttl: 123_000,
        clientId: 'ann',
      })
      expect(details.token).toStartWith(`${full.slice(0, full.indexOf('.'))}.`)
      expect(details.expires - details.issued).toBe(123_000)
      expect(details).toMatchObject({ capability: '{"*":["*"]}', clientId: 'ann' })
    })

    test('gets no more rights than its key has', async () => {
      const { auth } = rest({ key: narrow, useBinaryProtocol })
      const capability = { 'news:sport': ['subscribe', 'publish'], other: ['publish'] } as const
      const details = await auth.requestToken({ capability: JSON.stringify(capability) })
      expect(details.capability).toBe('{"news:sport":["subscribe"]}')
      const refused = auth.requestToken({ capability: '{"other":["publish"]}' })
      expect(refused).rejects.toMatchObject({ code: 40160, statusCode: 401 })
    })

    test('exchanges a request signed by somebody else', async () => {
      const signer = rest({ key: full })
      const authCallback: Ably.ClientOptions['authCallback'] = (params, done) => {
        void signer.auth.createTokenRequest(params).then((request) => done(null, request))
      }
      const client = rest({ authCallback, useBinaryProtocol })
      const details = await client.auth.authorize({ clientId: 'bob' })
      expect(details).toMatchObject({ keyName: nameOf(full), clientId: 'bob' })
    })

    test('gets the reason of a refusal', async () => {
      const wrong = rest({ key: `${full}x`, useBinaryProtocol }).auth.requestToken()
      expect(wrong).rejects.toMatchObject({ code: 40101, statusCode: 401 })
      const long = rest({ key: full, useBinaryProtocol }).auth.requestToken({
        ttl: 2 * 60 * 60 * 1000,
      })
      expect(long).rejects.toMatchObject({ code: 40003, statusCode: 400 })
    })

    test('revokes the tokens of its key', async () => {
      const client = rest({ key: full, useBinaryProtocol })
      const result = await client.auth.revokeTokens([
        { type: 'clientId', value: 'mallory' },
        { type: 'nonsense', value: 'x' },
      ])
      expect(result).toMatchObject({ successCount: 1, failureCount: 1 })
      expect(result.results[0]).toMatchObject({
        target: 'clientId:mallory',
        issuedBefore: expect.any(Number),
      })
      const href = expect.stringContaining(`${server.url}/errors/`)
      expect(result.results[1]).toMatchObject({
        target: 'nonsense:x',
        error: { statusCode: 400, href },
      })
    })
  },
)

describe('plain requests', () => {
  test('a signed request is answered once', async () => {
    const request = await rest({ key: full }).auth.createTokenRequest({})
    const path = `/keys/${nameOf(full)}/requestToken`
    const send = () => fetch(server.url + path, { method: 'POST', body: JSON.stringify(request) })
    expect((await send()).status).toBe(201)
    const again = await send()
    expect(again.status).toBe(401)
    expect(await again.json()).toMatchObject({ error: { code: 40105, statusCode: 401 } })
    const forged = JSON.stringify({
      ...request,
      nonce: 'another nonce of its own',
      clientId: 'root',
    })
    expect((await fetch(server.url + path, { method: 'POST', body: forged })).status).toBe(401)
  })

  test('errors are in the body and in headers, as JSON without a charset', async () => {
    const response = await post(`/keys/${nameOf(full)}/requestToken`, full, { ttl: -1 })
    expect(response.status).toBe(400)
    expect(response.headers.get('content-type')).toBe('application/json')
    expect(response.headers.get('x-ably-errorcode')).toBe('40003')
    const { error } = (await response.json()) as { error: { message: string } }
    const href = `${server.url}/errors/40003`
    expect(error).toMatchObject({ code: 40003, statusCode: 400, href })
    expect(response.headers.get('x-ably-errormessage')).toBe(error.message)
  })

  test('the challenge says whether a new token would help', async () => {
    const asked = async (credentials: string, scheme: string) => {
      const headers = { authorization: `${scheme} ${btoa(credentials)}` }
      const response = await fetch(`${server.url}/channels/x/messages`, { headers })
      return [response.status, response.headers.get('www-authenticate')]
    }
    const [app] = full.split('.')
    expect(await asked(`${app}.${'no-longer-readable'.repeat(4)}`, 'Bearer')).toEqual([
      401,
      'X-Ably-Token realm="Latchkey", stale="true"',
    ])
    const parts = [
      { alg: 'HS256', kid: nameOf(full) },
      { iat: 1, exp: 2 },
    ]
    const encoded = parts.map((part) => Buffer.from(JSON.stringify(part)).toString('base64url'))
    const wronglySigned = `${encoded.join('.')}.AAAA`
    expect(await asked(wronglySigned, 'Bearer')).toEqual([401, 'X-Ably-Token realm="Latchkey"'])
    expect(await asked(`${full}x`, 'Basic')).toEqual([401, 'Basic realm="Latchkey"'])
    const response = await fetch(`${server.url}/time`)
    expect(response.headers.get('www-authenticate')).toBeNull()
  })

  test('success carries no error headers', async () => {
    const response = await fetch(`${server.url}/time`)
    expect(response.headers.has('x-ably-errorcode')).toBe(false)
    expect(await response.json()).toEqual([expect.any(Number)])
  })

  test('MessagePack is read and written if asked for', async () => {
    const packr = new Packr({ useRecords: false, int64AsType: 'number' })
    const response = await fetch(`${server.url}/keys/${nameOf(full)}/requestToken`, {
      method: 'POST',
      headers: {
        authorization: `Basic ${btoa(full)}`,
        'content-type': 'application/x-msgpack',
        accept: 'application/x-msgpack',
      },
      body: new Uint8Array(packr.pack({ ttl: 5000 })),
    })
    expect(response.headers.get('content-type')).toBe('application/x-msgpack')
    const details = packr.unpack(await response.bytes()) as { issued: number; expires: number }
    expect(details.expires - details.issued).toBe(5000)
  })

  test('an envelope holds status and headers for browsers', async () => {
    const response = await post(`/keys/${nameOf(full)}/requestToken?envelope=json`, full, {
      ttl: 0.5,
    })
    expect(response.status).toBe(200)
    expect(await response.json()).toMatchObject({
      statusCode: 400,
      headers: { 'x-ably-errorcode': '40003' },
      response: { error: { code: 40003 } },
    })
  })

  test.each([
    ['GET', '/keys/ablyjs.test/requestToken', 404, 40400],
    ['POST', '/keys/no.such/requestToken', 404, 40400],
    ['POST', '/keys/a%2Fb/requestToken', 404, 40400],
    ['POST', '/keys//requestToken', 404, 40400],
    ['GET', '/keys', 404, 40400],
    ['GET', '/keys/no.such/revokeTokens', 405, 40500],
    ['POST', '/time', 405, 40500],
  ])('%s %s is %p with code %p', async (method, path, status, code) => {
    const response = await fetch(server.url + path, {
      method,
      ...(method === 'POST' && { body: '{}', headers: { authorization: `Basic ${btoa(full)}` } }),
    })
    expect(response.status).toBe(status)
    expect(await response.json()).toMatchObject({ error: { code, statusCode: status } })
  })

  test.each(['json', 'x-msgpack'])(
    'HEAD answers like GET without the body, as %s',
    async (type) => {
      const ask = (method: string, path: string) =>
        fetch(server.url + path, { method, headers: { accept: `application/${type}` } })
      const asked = await ask('HEAD', '/time')
      expect([asked.status, await asked.text()]).toEqual([200, ''])
      expect(asked.headers.get('content-type')).toBe(`application/${type}`)
      const refused = await ask('HEAD', '/channels/x/messages')
      expect([refused.status, await refused.text()]).toEqual([401, ''])
      expect(refused.headers.get('x-ably-errorcode')).toBe('40101')
      expect((await ask('HEAD', `/keys/${nameOf(full)}/requestToken`)).status).toBe(404)
    },
  )

  test.each([
    ['an operation that is none', { a: ['publish_'] }],
    ['an operation beside the wildcard', { a: ['*', 'publish'] }],
    ['no operation', { a: [] }],
  ])('a token is not made for a capability of %s', async (_, capability) => {
    const asked = { capability: JSON.stringify(capability) }
    expect(rest({ key: full }).auth.requestToken(asked)).rejects.toMatchObject({
      code: 40000,
      statusCode: 400,
    })
  })

  test.each(['{', '[]', 'null', '"x"', '\u00ff'])('the body %j is refused', async (body) => {
    const response = await fetch(`${server.url}/keys/${nameOf(full)}/requestToken`, {
      method: 'POST',
      body,
    })
    expect(response.status).toBe(400)
  })

  test('a body over the limit is refused', async () => {
    const response = await post(`/keys/${nameOf(full)}/requestToken`, full, {
      filler: 'x'.repeat(70_000),
    })
    expect(response.status).toBe(413)
    expect(await response.json()).toMatchObject({ error: { code: 40009 } })
  })

  test('pages of any origin may send credentials', async () => {
    const origin = 'https://my.site'
    const headers = { origin, 'access-control-request-headers': 'authorization, x-ably-version' }
    const preflight = await fetch(`${server.url}/time`, { method: 'OPTIONS', headers })
    expect(preflight.status).toBe(204)
    expect(preflight.headers.get('access-control-allow-headers')).toContain('x-ably-version')
    const response = await fetch(`${server.url}/time`, { headers: { origin } })
    expect(response.headers.get('access-control-allow-origin')).toBe(origin)
    expect(response.headers.get('access-control-allow-credentials')).toBe('true')
    expect(response.headers.get('access-control-expose-headers')).toContain('X-Ably-Errorcode')
  })
})

describe('revoking', () => {
  const body = { targets: ['clientId:eve'] }

  test.each([
    ['a token in the place of the key', () => token(full), () => full, 401, 40162],
    ['another key', () => narrow, () => full, 401, 40133],
    ['a key without revocable tokens', () => narrow, () => narrow, 401, 40163],
  ])('%s is refused', async (_case, credential, key, status, code) => {
    const text = await credential()
    const scheme = text.includes(':') ? 'Basic' : 'Bearer'
    const response = await fetch(`${server.url}/keys/${nameOf(key())}/revokeTokens`, {
      method: 'POST',
      headers: { authorization: `${scheme} ${btoa(text)}` },
      body: JSON.stringify(body),
    })
    expect(response.status).toBe(status)
    expect(await response.json()).toMatchObject({ error: { code } })
  })

  test('a margin delays it by more than thirty seconds', async () => {
    const before = Date.now()
    const path = `/keys/${nameOf(full)}/revokeTokens`
    const response = await post(path, full, { ...body, allowReauthMargin: true })
    expect(response.status).toBe(201)
    const { results } = (await response.json()) as { results: { appliesAt: number }[] }
    expect(results[0]!.appliesAt).toBeGreaterThan(before + 30_000)
  })

  test('before version 3 the answer is a list that fails as a whole', async () => {
    const path = `/keys/${nameOf(full)}/revokeTokens`
    const old = { 'x-ably-version': '2' }
    expect(await (await post(path, full, body, old)).json()).toBeArrayOfSize(1)
    const mixed = await post(path, full, { targets: ['clientId:eve', 'x:y'] }, old)
    expect(mixed.status).toBe(400)
    expect(await mixed.json()).toMatchObject({ error: { code: 40020 }, batchResponse: [{}, {}] })
  })

  async function token(key: string): Promise<string> {
    return (await rest({ key }).auth.requestToken()).token
  }
})

test('a revoked key gets no token from the next request on', async () => {
  const key = server.addKey()
  const path = `/keys/${nameOf(key)}/requestToken`
  await eventually(async () => (await post(path, key, {})).status === 201, 'the key is known')
  server.revokeKey(key)
  await eventually(
    async () => (await post(path, key, {})).status === 401,
    'the key is refused',
    1000,
  )
})
