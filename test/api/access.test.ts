/** Access to the HTTP API: tokens, scopes, and accounts, of which others look as if they did not exist. */
import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { openServices } from '../../src/service/services.ts'
import { SCOPES, type Scope } from '../../src/service/accounts/access-tokens.ts'
import { Client } from '../support/client.ts'
import { freshChannel } from '../support/itty.ts'
import { Caller } from './caller.ts'
import { ManualClock } from '../support/clocks.ts'

let api: Caller
beforeAll(async () => {
  api = await Caller.start()
})
afterAll(() => api.server.end())

/** One call of every operation, with the scope that it needs. */
const CALLS: [method: string, path: string, scope: Scope, body: object | undefined][] = [
  ['GET', '/accounts', 'read:account', undefined],
  ['POST', '/accounts', 'write:account', { name: '' }],
  ['DELETE', '/accounts/none', 'write:account', undefined],
  ['GET', '/accounts/none/reservations', 'read:reservation', undefined],
  ['POST', '/accounts/none/reservations', 'write:reservation', { namespace: 'x' }],
  ['GET', '/reservations/none', 'read:reservation', undefined],
  ['PATCH', '/reservations/none', 'write:reservation', {}],
  ['DELETE', '/reservations/none', 'write:reservation', undefined],
  ['GET', '/channels', 'read:channel', undefined],
  ['POST', '/channels/explain', 'read:channel', { channel: 'x' }],
  ['GET', '/audit', 'read:audit', undefined],
  ['GET', '/connections', 'read:connection', undefined],
  ['DELETE', '/connections/none', 'write:connection', undefined],
  ['DELETE', '/connections?channel=none', 'write:connection', undefined],
]

describe('tokens', () => {
  test('a missing, wrong or malformed token gets 401', async () => {
    for (const [method, path, , body] of CALLS) {
      const answer = await api.call(method, path, { token: '', ...(body && { body }) })
      expect([answer.status, answer.body.reason]).toEqual([401, 'unauthorized'])
      expect(answer.headers.get('www-authenticate')).toBe('Bearer')
    }
    const wrong = [
      `Bearer ${api.owner}x`,
      `Bearer ${api.owner.slice(0, -1)}`,
      `Basic ${api.owner}`,
      api.owner,
      `Bearer ${api.owner} ${api.owner}`,
      'Bearer ',
      'Bearer command-line',
    ]
    for (const authorization of wrong) {
      const response = await fetch(`${api.server.url}/v1/me`, { headers: { authorization } })
      expect(response.status, authorization.slice(0, 12)).toBe(401)
    }
    const query = await fetch(`${api.server.url}/v1/me?access_token=${api.owner}`)
    expect(query.status).toBe(401)
  })

  test('a revoked token gets 401 at once', async () => {
    const services = openServices(api.server.config, new ManualClock(), false)
    const token = api.token('owner')
    expect((await api.call('GET', '/me', { token })).status).toBe(200)
    const [newest] = services.accessTokens.list(undefined).toReversed()
    services.accessTokens.remove(newest!.id)
    services.close()
    expect((await api.call('GET', '/me', { token })).status).toBe(401)
  })

  test('an expired token gets 401', async () => {
    const clock = new ManualClock()
    const services = openServices(api.server.config, clock, false)
    const owner = services.accounts.ensureOwner()
    const wish = { name: 'short', scopes: SCOPES, lifetime: 60_000 }
    const made = services.accessTokens.add(owner, wish).secret
    expect(services.accessTokens.check(made).ok).toBe(true)
    clock.advance(59_999)
    expect(services.accessTokens.check(made).ok).toBe(true)
    clock.advance(1)
    expect(services.accessTokens.check(made).ok).toBe(false)
    services.close()
    // The server's clock is long past the expiry.
    expect((await api.call('GET', '/me', { token: made })).status).toBe(401)
  })

  test('the last use of a token is recorded', async () => {
    const token = api.token('owner', ['read:channel'])
    const services = openServices(api.server.config, new ManualClock(), false)
    const used = () => services.accessTokens.list(undefined).at(-1)!.lastUsedAt
    expect(used()).toBeNull()
    await api.call('GET', '/channels', { token })
    expect(used()).toBeGreaterThan(0)
    services.close()
  })
})

describe('scopes', () => {
  test.each(CALLS)('%s %s needs %s', async (method, path, scope, body) => {
    const others = api.token(
      'owner',
      SCOPES.filter((other) => other !== scope),
    )
    const given = { ...(body && { body }) }
    const refused = await api.call(method, path, { token: others, ...given })
    expect([refused.status, refused.body.reason]).toEqual([403, 'forbidden'])
    expect(refused.body.message).toContain(scope)
    const passed = await api.call(method, path, { token: api.token('owner', [scope]), ...given })
    expect([401, 403]).not.toContain(passed.status)
    const operation = Object.values(api.document.paths).flatMap((item) => Object.values(item))
    expect(operation.some(({ description }) => description?.includes(`\`${scope}\``))).toBe(true)
  })

  test('/me needs none', async () => {
    expect((await api.call('GET', '/me', { token: api.token('owner', []) })).status).toBe(200)
  })
})

describe('another account', () => {
  let ann: string
  let hers: { id: string; namespace: string }
  let owners: { id: string; namespace: string }
  beforeAll(async () => {
    ann = api.token('ann')
    const add = async (account: string, body: object) =>
      (await api.call<typeof hers>('POST', `/accounts/${account}/reservations`, { body })).body
    hers = await add('ann', { namespace: freshChannel(), joinKey: 'secret-of-ann' })
    owners = await add('owner', { namespace: freshChannel(), joinKey: 'secret-of-owner' })
  })
  const as = (method: string, path: string, body?: object) =>
    api.call<unknown>(method, path, { token: ann, ...(body && { body }) })

  test('sees only itself', async () => {
    const listed = (await as('GET', '/accounts')).body as { name: string }[]
    expect(listed.map(({ name }) => name)).toEqual(['ann'])
    const mine = (await as('GET', '/accounts/ann/reservations')).body as { id: string }[]
    expect(mine.map(({ id }) => id)).toEqual([hers.id])
  })

  test('reservations of another account are answered with 404', async () => {
    const unknown = await as('GET', '/reservations/none')
    for (const [method, body] of [['GET'], ['PATCH', { joinKey: 'x' }], ['DELETE']] as const) {
      for (const name of [owners.id, owners.namespace]) {
        const answer = await as(method, `/reservations/${name}`, body)
        expect([answer.status, answer.body]).toEqual([404, unknown.body])
      }
    }
    const listed = await as('GET', '/accounts/owner/reservations')
    expect(listed.body).toEqual((await as('GET', '/accounts/none/reservations')).body)
    const added = await as('POST', '/accounts/owner/reservations', { namespace: freshChannel() })
    expect(added.status).toBe(404)
    const kept = await api.call('GET', `/reservations/${owners.id}`)
    expect(kept.body).toMatchObject({ joinKey: 'secret-of-owner' })
  })

  test('adds and removes no accounts', async () => {
    expect((await as('POST', '/accounts', { name: 'bob' })).status).toBe(403)
    expect((await as('DELETE', '/accounts/ann')).status).toBe(403)
    expect((await as('DELETE', '/accounts/none')).status).toBe(403)
  })

  test('sees and closes only connections on channels of its own', async () => {
    const foreign = [owners.namespace, freshChannel()]
    const clients = [
      await Client.join(`${api.server.sockets}${hers.namespace}/x?joinKey=secret-of-ann`),
      await Client.join(`${api.server.sockets}${owners.namespace}?joinKey=secret-of-owner`),
      await Client.join(`${api.server.sockets}${foreign[1]}`),
    ]
    const channels = (await as('GET', '/channels')).body as { name: string }[]
    expect(channels.map(({ name }) => name)).toEqual([`${hers.namespace}/x`])
    const seen = (await as('GET', '/connections')).body as { uid: string }[]
    expect(seen.map(({ uid }) => uid)).toEqual([clients[0]!.uid])
    const all = await api.call<{ id: string; uid: string }[]>('GET', '/connections')
    for (const channel of foreign) {
      expect((await as('GET', `/connections?channel=${channel}`)).body).toEqual([])
      const closed = await as('DELETE', `/connections?channel=${channel}`)
      expect(closed.body).toEqual({ disconnected: 0 })
    }
    for (const { id, uid } of all.body) {
      if (uid !== clients[0]!.uid)
        expect((await as('DELETE', `/connections/${id}`)).status).toBe(404)
    }
    const own = all.body.find(({ uid }) => uid === clients[0]!.uid)!
    expect((await as('DELETE', `/connections/${own.id}`)).status).toBe(204)
    await clients[0]!.closing()
    expect(clients.slice(1).map((client) => client.closed)).toEqual([undefined, undefined])
    for (const client of clients) client.close()
  })

  test('explains only channels under its own reservations', async () => {
    const explain = (channel: string) => as('POST', '/channels/explain', { channel })
    expect((await explain(`${hers.namespace}/y`)).status).toBe(200)
    expect((await explain(owners.namespace)).status).toBe(403)
    expect((await explain(freshChannel())).status).toBe(403)
  })

  test('cannot reserve below a name of another account (N-3)', async () => {
    const add = (namespace: string) => as('POST', '/accounts/ann/reservations', { namespace })
    for (const name of [`${owners.namespace}/x`, `${owners.namespace}:x`]) {
      const answer = await add(name)
      expect([answer.status, answer.body]).toMatchObject([403, { reason: 'namespace_owned' }])
    }
    expect((await add(`${hers.namespace}:x`)).status).toBe(201)
  })
})
