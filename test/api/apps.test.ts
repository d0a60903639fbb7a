/** Apps, keys and namespaces over the HTTP API, in the shapes that clients of Ably's Control API v1 read. */
import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { systemClock } from '../../src/core/clock.ts'
import { SCOPES, type Scope } from '../../src/service/accounts/access-tokens.ts'
import { openServices } from '../../src/service/services.ts'
import { type TestServer, startTestServer } from '../support/server.ts'

let server: TestServer
let owner: string
let ann: string
beforeAll(async () => {
  server = await startTestServer()
  owner = tokenOf('owner')
  ann = tokenOf('ann')
})
afterAll(() => server.end())

function tokenOf(name: string, scopes: readonly Scope[] = SCOPES): string {
  const services = openServices(server.config, systemClock, false)
  try {
    const found = services.accounts.find(name)
    const account = found.ok ? found : services.accounts.add(name)
    if (!account.ok) throw new Error(account.failure.message)
    return services.accessTokens.add(account.value, { name, scopes, lifetime: undefined }).secret
  } finally {
    services.close()
  }
}

interface Answer {
  readonly status: number
  // Every test makes the apps that it expects.
  readonly body: Record<string, unknown> & { readonly id: string; readonly key: string }
}

async function call(
  method: string,
  path: string,
  body?: object,
  token: string = owner,
): Promise<Answer> {
  const response = await fetch(`${server.url}/v1${path}`, {
    method,
    headers: { authorization: `Bearer ${token}` },
    ...(body && { body: JSON.stringify(body) }),
  })
  const text = await response.text()
  const read = (text === '' ? {} : JSON.parse(text)) as Answer['body']
  return { status: response.status, body: read }
}

async function list(path: string, token: string = owner): Promise<Answer['body'][]> {
  const { status, body } = await call('GET', path, undefined, token)
  expect(status).toBe(200)
  return body as unknown as Answer['body'][]
}

let number = 0
async function newApp(token: string = owner, account = 'owner'): Promise<string> {
  const wish = { name: `app ${(number += 1)}` }
  const { status, body } = await call('POST', `/accounts/${account}/apps`, wish, token)
  expect(status).toBe(201)
  return body.id
}

test('GET /me has a user, whose id is a whole number', async () => {
  const { body } = await call('GET', '/me')
  const { id, email } = body['user'] as { id: number; email: string }
  expect(Number.isSafeInteger(id)).toBe(true)
  expect(email).toBe('owner')
  expect((body['account'] as { name: string }).name).toBe('owner')
  const { capabilities } = body['token'] as { capabilities: string[] }
  expect(capabilities).toEqual([...SCOPES])
})

describe('apps', () => {
  test('are added, listed, changed and removed', async () => {
    const added = await call('POST', '/accounts/owner/apps', { name: 'shop', tlsOnly: true })
    expect(added).toMatchObject({
      status: 201,
      body: { name: 'shop', status: 'enabled', tlsOnly: true, created: expect.any(Number) },
    })
    const { id } = added.body
    expect(await list('/accounts/owner/apps')).toContainEqual(added.body)
    const changed = await call('PATCH', `/apps/${id}`, { status: 'disabled', tlsOnly: false })
    expect(changed).toMatchObject({
      status: 200,
      body: { id, name: 'shop', status: 'disabled', tlsOnly: false },
    })
    expect((await call('DELETE', `/apps/${id}`)).status).toBe(204)
    expect((await call('DELETE', `/apps/${id}`)).status).toBe(404)
  })

  test('are accepted with the empty push settings that clients send', async () => {
    const push = { fcmKey: '', apnsCertificate: '', apnsPrivateKey: '', fcmProjectId: null }
    const wish = { name: 'pushed', tlsOnly: false, apnsUseSandboxEndpoint: false, ...push }
    const { status, body } = await call('POST', '/accounts/owner/apps', wish)
    expect(status).toBe(201)
    const same = { ...wish, id: body.id, status: 'enabled' }
    expect((await call('PATCH', `/apps/${body.id}`, same)).status).toBe(200)
    const real = await call('PATCH', `/apps/${body.id}`, { fcmKey: 'k' })
    expect(real.status).toBe(400)
    expect(real.body['message']).toContain('push is not supported yet')
  })

  test.each([
    [{}, 400],
    [{ name: '' }, 400],
    [{ name: 'default' }, 409],
    [{ name: 'x', colour: 'red' }, 400],
    [{ name: 'x', status: 'off' }, 400],
  ])('%j cannot be added', async (wish, status) => {
    expect((await call('POST', '/accounts/owner/apps', wish)).status).toBe(status)
  })

  test('have limits that can be changed one at a time', async () => {
    const wish = {
      name: 'limited',
      limits: { maxChannels: 10, allowedOrigins: ['https://a.site'] },
    }
    const added = await call('POST', '/accounts/owner/apps', wish)
    const none = { maxConnections: null, messageRate: null, memoryMb: null, diskMb: null }
    const limits = { ...none, ...wish.limits, maxPresenceMembers: null }
    expect(added).toMatchObject({ status: 201, body: { limits } })
    const { id } = added.body
    const change = { limits: { maxChannels: null, messageRate: 50, maxPresenceMembers: 0 } }
    const changed = await call('PATCH', `/apps/${id}`, change)
    expect(changed).toMatchObject({
      status: 200,
      body: { limits: { ...limits, ...change.limits } },
    })
    const found = (await list('/accounts/owner/apps')).find((one) => one.id === id)
    expect(found).toEqual(changed.body)
  })

  test.each([
    { maxChannels: -1 },
    { maxChannels: 1.5 },
    { maxChannels: '5' },
    { memoryMb: 1e9 },
    { allowedOrigins: [] },
    { allowedOrigins: ['my.site'] },
    { allowedOrigins: ['https://my.site', 'https://*'] },
    { allowedOrigins: ['wss://my.site'] },
    { colour: 'red' },
  ])('cannot have the limits %j', async (limits) => {
    const id = await newApp()
    expect((await call('PATCH', `/apps/${id}`, { limits })).status).toBe(400)
    expect((await call('POST', '/accounts/owner/apps', { name: 'bad', limits })).status).toBe(400)
  })

  test('get limits from the owner of the server and origins from their own account', async () => {
    const limits = { maxChannels: 10 }
    const wish = { name: 'own', limits }
    expect((await call('POST', '/accounts/ann/apps', wish, ann)).status).toBe(403)
    const id = await newApp(ann, 'ann')
    expect((await call('PATCH', `/apps/${id}`, { limits })).status).toBe(200)
    const undo = { limits: { maxChannels: null } }
    expect((await call('PATCH', `/apps/${id}`, undo, ann)).status).toBe(403)
    const site = { limits: { ...limits, allowedOrigins: ['https://ann.site'] } }
    expect(await call('PATCH', `/apps/${id}`, site, ann)).toMatchObject({ status: 200, body: site })
    await call('DELETE', `/apps/${id}`)
  })

  test('store origins in the form that browsers send', async () => {
    const written = { limits: { allowedOrigins: ['https://*.Bücher.example:443/', 'http://a:80'] } }
    const read = { limits: { allowedOrigins: ['https://*.xn--bcher-kva.example', 'http://a'] } }
    const id = await newApp()
    expect((await call('PATCH', `/apps/${id}`, written)).body).toMatchObject(read)
    const made = await call('POST', '/accounts/owner/apps', { name: 'origins', ...written })
    expect(made.body).toMatchObject(read)
  })

  test('keep their id, and the default app cannot be removed', async () => {
    const id = await newApp()
    expect((await call('PATCH', `/apps/${id}`, { id: 'other' })).status).toBe(400)
    const apps = await list('/accounts/owner/apps')
    const first = apps.find(({ name }) => name === 'default')!
    expect((await call('DELETE', `/apps/${first.id}`)).status).toBe(409)
  })
})

describe('keys', () => {
  test('are made, listed with their secret, changed and revoked', async () => {
    const app = await newApp()
    const capability = { 'public:*': ['subscribe', 'publish'] }
    const made = await call('POST', `/apps/${app}/keys`, { name: 'ci', capability })
    expect(made).toMatchObject({
      status: 201,
      body: {
        appId: app,
        name: 'ci',
        status: 0,
        capability,
        revocableTokens: false,
      },
    })
    const { id, key } = made.body
    expect(key).toStartWith(`${app}.${id}:`)
    expect(await list(`/apps/${app}/keys`)).toEqual([made.body])
    const change = { name: 'cd', revocableTokens: true, capability: null }
    const changed = await call('PATCH', `/apps/${app}/keys/${id}`, change)
    expect(changed.body).toMatchObject({ name: 'cd', revocableTokens: true, key })
    expect(changed.body['capability']).toEqual(made.body['capability'])
    const revoked = await call('POST', `/apps/${app}/keys/${id}/revoke`)
    expect(revoked).toMatchObject({ status: 200, body: { id, status: 1 } })
    expect((await call('POST', `/apps/${app}/keys/${id}/revoke`)).status).toBe(409)
  })

  test('are revoked by DELETE too, and may do everything by default', async () => {
    const app = await newApp()
    const { body } = await call('POST', `/apps/${app}/keys`, { name: 'all' })
    expect(body['capability']).toEqual({ '*': ['*'] })
    expect((await call('DELETE', `/apps/${app}/keys/${body.id}`)).status).toBe(204)
    expect(await list(`/apps/${app}/keys`)).toMatchObject([{ id: body.id, status: 1 }])
  })

  test.each([
    [{}],
    [{ name: 'x', capability: {} }],
    [{ name: 'x', capability: { a: ['fly'] } }],
    [{ name: 'x', capability: '{"a":["publish"]}' }],
    [{ name: 'x', privileges: ['publish'] }],
  ])('%j is refused', async (wish) => {
    const app = await newApp()
    expect((await call('POST', `/apps/${app}/keys`, wish)).status).toBe(400)
    expect(await list(`/apps/${app}/keys`)).toEqual([])
  })
})

describe('a capability is kept as it was given', () => {
  test.each([
    '{"b":["subscribe","publish"],"a":["statistics","*x"]}',
    '{"zoo:*":["subscribe","publish","history"],"__proto__":["publish"],"a":["statistics"]}',
  ])('%s', async (text) => {
    const app = await newApp()
    const capability = JSON.parse(text) as object
    const made = await call('POST', `/apps/${app}/keys`, { name: 'given', capability })
    if (text.includes('*x')) {
      expect([made.status, made.body['reason']]).toEqual([400, 'capability_invalid'])
      return
    }
    expect(JSON.stringify(made.body['capability'])).toBe(text)
    const [listed] = await list(`/apps/${app}/keys`)
    expect(JSON.stringify(listed!['capability'])).toBe(text)
    const changed = await call('PATCH', `/apps/${app}/keys/${made.body.id}`, { name: 'other' })
    expect(JSON.stringify(changed.body['capability'])).toBe(text)
  })
})

test('lists of things that only other servers have are empty', async () => {
  const app = await newApp()
  expect(await list(`/apps/${app}/rules`)).toEqual([])
  expect(await list(`/apps/${app}/queues`)).toEqual([])
  expect((await call('GET', `/apps/none/queues`)).status).toBe(404)
})

describe('namespaces', () => {
  test.each([
    [{ identified: true }, true],
    [{ identified: true, authenticated: false }, true],
    [{ identified: false, authenticated: true }, true],
    [{ identified: false }, false],
    [{ authenticated: true }, true],
  ])('%j: a namespace is identified by either member', async (wish, wanted) => {
    const app = await newApp()
    const added = await call('POST', `/apps/${app}/namespaces`, { id: 'chat', ...wish })
    expect(added.body).toMatchObject({ authenticated: wanted, identified: wanted })
    const path = `/apps/${app}/namespaces/chat`
    const other = await call('PATCH', path, { persisted: true })
    expect(other.body).toMatchObject({ authenticated: wanted, persisted: true })
    const back = await call('PATCH', path, { identified: !wanted })
    expect(back.body).toMatchObject({ identified: !wanted, authenticated: !wanted })
  })

  test('are added, read, listed, changed and removed', async () => {
    const app = await newApp()
    // As Ably's Go client sends it: every member, empty or not.
    const wish = {
      id: 'chat',
      authenticated: false,
      persisted: true,
      persistLast: false,
      pushEnabled: false,
      tlsOnly: false,
      exposeTimeserial: false,
      batchingEnabled: true,
      batchingInterval: 40,
      conflationEnabled: false,
      conflationInterval: null,
      conflationKey: '',
      mutableMessages: false,
      populateChannelRegistry: false,
    }
    const added = await call('POST', `/apps/${app}/namespaces`, wish)
    expect(added.status).toBe(201)
    const { created, modified, ...settings } = added.body as Record<string, unknown>
    expect(settings).toEqual({ ...wish, conflationKey: null, appId: app, identified: false })
    expect([typeof created, modified]).toEqual(['number', created])
    const path = `/apps/${app}/namespaces/chat`
    expect((await call('GET', path)).body).toEqual(added.body)
    expect(await list(`/apps/${app}/namespaces`)).toEqual([added.body])
    const changed = await call('PATCH', path, { exposeTimeSerial: true, persisted: false })
    expect(changed).toMatchObject({
      status: 200,
      body: { persisted: false, exposeTimeserial: true, batchingInterval: 40 },
    })
    const off = await call('PATCH', path, { batchingEnabled: false })
    expect(off.body).toMatchObject({ batchingEnabled: false, batchingInterval: null })
    expect((await call('DELETE', path)).status).toBe(204)
    expect((await call('GET', path)).status).toBe(404)
  })

  test.each([
    [{}, 400],
    [{ id: 'a:b' }, 400],
    [{ id: 'chat', persisted: 'yes' }, 400],
    [{ id: 'chat', colour: 'red' }, 400],
    [{ id: 'taken' }, 409],
  ])('%j cannot be added', async (wish, status) => {
    const app = await newApp()
    await call('POST', `/apps/${app}/namespaces`, { id: 'taken' })
    expect((await call('POST', `/apps/${app}/namespaces`, wish)).status).toBe(status)
  })
})

/** One call of every operation, with the scope that it needs. */
const CALLS: [method: string, path: string, scope: Scope, body: object | undefined][] = [
  ['GET', '/accounts/none/apps', 'read:app', undefined],
  ['POST', '/accounts/none/apps', 'write:app', { name: 'x' }],
  ['PATCH', '/apps/none', 'write:app', {}],
  ['DELETE', '/apps/none', 'write:app', undefined],
  ['GET', '/apps/none/keys', 'read:key', undefined],
  ['POST', '/apps/none/keys', 'write:key', { name: 'x' }],
  ['PATCH', '/apps/none/keys/none', 'write:key', {}],
  ['POST', '/apps/none/keys/none/revoke', 'write:key', undefined],
  ['DELETE', '/apps/none/keys/none', 'write:key', undefined],
  ['GET', '/apps/none/namespaces', 'read:namespace', undefined],
  ['POST', '/apps/none/namespaces', 'write:namespace', { id: 'x' }],
  ['GET', '/apps/none/namespaces/none', 'read:namespace', undefined],
  ['PATCH', '/apps/none/namespaces/none', 'write:namespace', {}],
  ['DELETE', '/apps/none/namespaces/none', 'write:namespace', undefined],
]

describe('access', () => {
  test.each(CALLS)('%s %s needs %s', async (method, path, scope, body) => {
    const others = SCOPES.filter((other) => other !== scope)
    const refused = await call(method, path, body, tokenOf('owner', others))
    expect(refused.status).toBe(403)
    expect(refused.body['message']).toContain(scope)
    expect((await call(method, path, body, tokenOf('owner', [scope]))).status).toBe(404)
  })

  test('things of another account are answered with 404', async () => {
    const app = await newApp()
    const key = (await call('POST', `/apps/${app}/keys`, { name: 'x' })).body.id
    await call('POST', `/apps/${app}/namespaces`, { id: 'chat' })
    for (const [method, path, , body] of CALLS) {
      const theirs = path
        .replace('/accounts/none', '/accounts/owner')
        .replace('/apps/none', `/apps/${app}`)
        .replace('/keys/none', `/keys/${key}`)
        .replace('/namespaces/none', '/namespaces/chat')
      const answer = await call(method, theirs, body, ann)
      expect([method, theirs, answer.status]).toEqual([method, theirs, 404])
    }
    expect(await list(`/apps/${app}/keys`)).toMatchObject([{ id: key, status: 0 }])
  })

  test('an account sees its own apps, and the owner sees all', async () => {
    const app = await newApp(ann, 'ann')
    expect(await list('/accounts/ann/apps', ann)).toMatchObject([{ id: app }])
    expect((await call('POST', `/apps/${app}/keys`, { name: 'x' }, ann)).status).toBe(201)
    expect(await list(`/apps/${app}/keys`)).toHaveLength(1)
  })

  test('an app is not found by its name', async () => {
    expect((await call('GET', '/apps/default/keys')).status).toBe(404)
  })
})
