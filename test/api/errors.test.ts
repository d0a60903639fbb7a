/** Errors of the HTTP API for bodies, addresses and methods that it cannot serve. */
import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { Caller, type ErrorBody, expectError } from './caller.ts'

let api: Caller
beforeAll(async () => {
  api = await Caller.start()
})
afterAll(() => api.server.end())

describe('bodies', () => {
  const wrong = ['', '{', 'name=ann', '{"name":"ann"', '\uFFFE', '{"name":"a"}{"name":"b"}']
  test.each(wrong)('%p is not JSON', async (text) => {
    const { status, body } = await api.call('POST', '/accounts', { text })
    expect([status, body.reason]).toEqual([400, 'invalid'])
    expect(body.message).toBe('the body is not valid JSON')
  })

  const misfits: [unknown, string][] = [
    [{}, 'body.name'],
    [{ name: 5 }, 'body.name'],
    [{ name: null }, 'body.name'],
    [[], 'body'],
    [null, 'body'],
    ['ann', 'body'],
    [{ name: 'ann', role: 'owner' }, 'role'],
    [{ name: 'ann', id: '1' }, 'id'],
  ]
  test.each(misfits)(
    '%j does not fit the schema, and the answer names the member',
    async (value, where) => {
      const { status, body } = await api.call('POST', '/accounts', { body: value })
      expect([status, body.reason]).toEqual([400, 'invalid'])
      expect(body.message).toContain(where)
      expect(Object.keys(body.details as object)[0]).toStartWith('body')
      expect((await api.call<object[]>('GET', '/accounts')).body).toHaveLength(1)
    },
  )

  test('unknown members are refused everywhere', async () => {
    const calls: [string, string, object][] = [
      ['POST', '/accounts/owner/reservations', { namespace: 'x', joinkey: 'j' }],
      ['PATCH', '/reservations/none', { namespace: 'y' }],
      ['POST', '/channels/explain', { channel: 'x', key: 'k' }],
    ]
    for (const [method, path, value] of calls) {
      const { status, body } = await api.call(method, path, { body: value })
      expect([status, body.reason], path).toEqual([400, 'invalid'])
    }
  })

  test('the value of a wrong member is not repeated in the answer', async () => {
    const { status, body } = await api.call('POST', '/channels/explain', {
      body: { channel: 'x', joinKey: ['hush-hush'] },
    })
    expect(status).toBe(400)
    expect(JSON.stringify(body)).not.toContain('hush-hush')
  })

  test.each([70_000, 150_000])('a body of %d bytes is too large', async (size) => {
    const text = JSON.stringify({ name: 'a'.repeat(size) })
    const { status, body } = await api.call('POST', '/accounts', { text })
    expect(status).toBe(413)
    expect(body.reason).toBe('message_too_large')
  })

  test('a body that is too large without a Content-Length is refused', async () => {
    const chunk = new TextEncoder().encode('x'.repeat(10_000))
    let left = 8
    const body = new ReadableStream<Uint8Array>({
      pull: (controller) => (left-- > 0 ? controller.enqueue(chunk) : controller.close()),
    })
    const headers = { authorization: `Bearer ${api.owner}` }
    const response = await fetch(`${api.server.url}/v1/accounts`, { method: 'POST', headers, body })
    expect(response.status).toBe(413)
    expectError(413, (await response.json()) as ErrorBody)
  })
})

describe('addresses', () => {
  test.each(['/nothing', '/accounts/owner', '/accounts/a/b/c', '/reservations', '/Me', '/me/'])(
    'GET %s answers 404 or 405',
    async (path) => {
      const { status, body } = await api.call('GET', path)
      expect([404, 405]).toContain(status)
      expectError(status, body)
    },
  )

  test('405 for a method that a path does not have', async () => {
    for (const [method, path] of [
      ['POST', '/me'],
      ['DELETE', '/accounts'],
      ['PUT', '/accounts'],
      ['GET', '/accounts/owner'],
      ['PUT', '/reservations/x'],
      ['GET', '/channels/explain'],
      ['PATCH', '/connections'],
    ] as const) {
      const { status, body } = await api.call(method, path)
      expect([status, body.reason], `${method} ${path}`).toEqual([405, 'method_not_allowed'])
    }
  })

  test('outside the API the shape is the same', async () => {
    const response = await fetch(`${api.server.url}/nothing`)
    expect(response.status).toBe(404)
    expect(response.headers.get('content-type')).toBe('application/json')
    expectError(404, (await response.json()) as ErrorBody)
  })

  test('without a token every address answers 401, whether it exists or not', async () => {
    for (const path of ['/nothing', '/apps', '/apps/x/keys'])
      expect((await api.call('GET', path, { token: '' })).status).toBe(401)
  })

  test('an error links to the page that explains it', async () => {
    const { body } = await api.call('GET', '/reservations/none')
    expect(body.href).toBe(`${api.server.url}/docs/api#errors`)
    expect((await fetch(body.href)).status).toBe(200)
  })

  test('malformed addresses are answered and crash nothing', async () => {
    const odd = ['/reservations/%zz', '/reservations/%00', '/reservations/__proto__', '/%2e%2e/me']
    for (const path of odd) expect([400, 404]).toContain((await api.call('GET', path)).status)
    expect((await api.call('GET', '/connections?channel=a&channel=b&%zz=%')).status).toBe(200)
    expect((await api.call('GET', '/me')).status).toBe(200)
  })
})

test('answers carry headers against content sniffing and framing', async () => {
  const { headers } = await api.call('GET', '/me')
  expect(headers.get('x-content-type-options')).toBe('nosniff')
  expect(headers.get('server')).toBe('latchkey')
  // A page of another site must not be able to read it.
  expect(headers.get('access-control-allow-origin')).toBeNull()
})
