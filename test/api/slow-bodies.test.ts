/** Rights of an access token are checked again when the body has arrived, however long that took. */
import { afterAll, beforeAll, expect, test } from 'bun:test'
import { systemClock } from '../../src/core/clock.ts'
import { type Services, openServices } from '../../src/service/services.ts'
import { SlowRequest } from '../support/slow-request.ts'
import { Caller } from './caller.ts'

let api: Caller
let appId: string
beforeAll(async () => {
  api = await Caller.start()
  const me = await api.call<{ account: { id: string } }>('GET', '/me')
  const apps = await api.call<{ id: string }[]>('GET', `/accounts/${me.body.account.id}/apps`)
  appId = apps.body[0]!.id
})
afterAll(() => api.server.end())

/** As `latchkey` does on the machine of the server. */
function withServices(action: (services: Services) => void): void {
  const services = openServices(api.server.config, systemClock, false)
  try {
    action(services)
  } finally {
    services.close()
  }
}

function begin(token: string, name: string): Promise<SlowRequest> {
  return SlowRequest.begin(api.server.url, `/v1/apps/${appId}/keys`, {
    headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
    body: JSON.stringify({ name, capability: { '*': ['subscribe'] } }),
  })
}

async function keyNames(): Promise<string[]> {
  const { body } = await api.call<{ name: string }[]>('GET', `/apps/${appId}/keys`)
  return body.map(({ name }) => name)
}

test('a token that is revoked before the body has arrived changes nothing', async () => {
  const token = api.token('owner', ['write:key'])
  const request = await begin(token, 'too late')
  expect(request.head).toBe('')
  withServices(({ accessTokens, accounts }) => {
    const owner = accounts.ensureOwner()
    for (const { id, scopes } of accessTokens.list(owner)) {
      if (scopes.length === 1) accessTokens.remove(id)
    }
  })
  expect(await request.finish()).toBe(401)
  expect(await keyNames()).not.toContain('too late')
})

test('a token that is still valid makes the change', async () => {
  const request = await begin(api.token('owner', ['write:key']), 'in time')
  expect(await request.finish()).toBe(201)
  expect(await keyNames()).toContain('in time')
})

test('a request without a token or scope is refused before its body is read', async () => {
  for (const [token, status] of [
    ['wrong', 401],
    [api.token('owner', ['read:key']), 403],
  ] as const)
    expect(await (await begin(token, 'never')).answer()).toBe(status)
  expect(await keyNames()).not.toContain('never')
})
