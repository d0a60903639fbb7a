/** Which channels a reservation covers, and who may reserve what (N-1 to N-7). */
import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { systemClock } from '../../../src/core/clock.ts'
import { type Services, openServices } from '../../../src/service/services.ts'
import { Client } from '../../support/client.ts'
import { freshChannel, reserve, reserveAll, standing } from '../../support/itty.ts'
import { type TestServer, startTestServer } from '../../support/server.ts'

let server: TestServer
let services: Services
let ann: Api
let bob: Api

beforeAll(async () => {
  server = await startTestServer({ 'max-reservations': '6' })
  services = openServices(server.config, systemClock, false)
  ann = account('ann')
  bob = account('bob')
  await reserveAll(server, { acme: { joinKey: 'a' }, 'acme/vault': { joinKey: 'v' } })
})
afterAll(async () => {
  services.close()
  await server.end()
})

interface Answer {
  readonly status: number
  readonly body: Record<string, unknown>
}

type Api = (method: 'GET' | 'POST', path: string, body?: object) => Promise<Answer>

/** An account of its own, reached over the HTTP API with its own access token. */
function account(name: string): Api {
  const added = services.accounts.add(name)
  if (!added.ok) throw new Error(added.failure.message)
  const { id } = added.value
  const { secret } = services.accessTokens.add(added.value, {
    name: 'test',
    scopes: ['read:reservation', 'write:reservation'],
    lifetime: undefined,
  })
  return async (method, path, body) => {
    const response = await fetch(`${server.url}/v1/accounts/${id}${path}`, {
      method,
      headers: { authorization: `Bearer ${secret}`, 'content-type': 'application/json' },
      ...(body && { body: JSON.stringify(body) }),
    })
    return { status: response.status, body: (await response.json()) as Answer['body'] }
  }
}

const wish = (api: Api, namespace: string, keys: object = {}) =>
  api('POST', '/reservations', { namespace, ...keys })

/** Which of the two reservations covers a channel, judged by whose key opens it. */
async function coveredBy(channel: string): Promise<string> {
  const url = server.sockets + encodeURIComponent(channel)
  if ((await standing(url)) === 'speak') return 'none'
  const opens = await Promise.all(['a', 'v'].map((joinKey) => standing(url, { joinKey })))
  return opens.join() === 'speak,no' ? 'acme' : opens.join() === 'no,speak' ? 'acme/vault' : '?'
}

describe('what a reservation covers', () => {
  test.each([
    ['N-1 its own name', 'acme', 'acme'],
    ['N-1 whatever follows a slash', 'acme/x', 'acme'],
    ['N-1 whatever follows a colon', 'acme:x', 'acme'],
    ['N-2 exactly the longer name', 'acme/vault', 'acme/vault'],
    ['N-2 below the longer name', 'acme/vault/r1', 'acme/vault'],
    ['N-2 below the longer name, by a colon', 'acme/vault:r1', 'acme/vault'],
    ['N-2 no boundary after vault', 'acme/vaulted', 'acme'],
    ['N-2 : and / are not the same in a name', 'acme:vault', 'acme'],
    ['N-2 no boundary after acme', 'acmes:x', 'none'],
    ['N-2 another name', 'other', 'none'],
    ['N-2 an empty part at the end', 'acme:', 'acme'],
    ['N-2 an empty part in the middle', 'acme//x', 'acme'],
    ['N-2 an empty part before the longer name', 'acme//vault', 'acme'],
    ['N-2 an empty part before everything', '/acme', 'none'],
    ['N-2 less than the name', 'acm', 'none'],
    ['N-6 another case', 'Acme', 'none'],
    ['N-6 another case further on', 'acme/Vault', 'acme'],
  ])('%s: %j belongs to %s', async (_rule, channel, expected) => {
    expect(await coveredBy(channel)).toBe(expected)
  })

  test('N-2 the match takes the longest of many', async () => {
    const many = await startTestServer({ 'max-reservations': '0' })
    const names = Array.from({ length: 30 }, (_, i) => ['deep', ...Array(i).fill('x')].join('/'))
    await reserveAll(many, Object.fromEntries(names.map((name, i) => [name, { joinKey: `${i}` }])))
    for (const [i, name] of names.entries()) {
      const below = `${many.sockets}${name}/y`
      expect(await standing(below, { joinKey: `${i}` })).toBe('speak')
      expect(await standing(below, { joinKey: `${i + 1}` })).toBe('no')
    }
    await many.end()
  })

  test('N-5 even without keys a reservation keeps others from claiming its channels', async () => {
    await reserve(server, 'keyless')
    const squatter = `${server.sockets}keyless:room`
    expect(await standing(squatter, { joinKey: 'mine' })).toBe('no')
    expect(await standing(squatter)).toBe('speak')
  })
})

describe('who may reserve what', () => {
  test('N-3 only the owner of a name may reserve below it, by either boundary', async () => {
    expect((await wish(ann, 'ann')).status).toBe(201)
    for (const name of ['ann:x', 'ann/x', 'ann:x:y', 'ANN:x']) {
      const refused = await wish(bob, name)
      expect(refused.status).toBe(403)
      expect(JSON.stringify(refused.body)).toContain('another account')
    }
    expect((await wish(ann, 'ann:x')).status).toBe(201)
    expect((await wish(ann, 'ann/y')).status).toBe(201)
    expect((await wish(bob, 'anna')).status).toBe(201)
  })

  test('N-3 nobody reserves a root over the name of another, or a name that is taken', async () => {
    expect((await wish(bob, 'site:blog')).status).toBe(201)
    expect((await wish(ann, 'site')).status).toBe(403)
    expect((await wish(ann, 'site:blog')).status).toBe(409)
    expect((await wish(bob, 'site')).status).toBe(201)
  })

  test('N-3 a reservation of the API holds at once', async () => {
    const url = `${server.sockets}instant:x`
    expect((await wish(account('eve'), 'instant', { joinKey: 'e' })).status).toBe(201)
    expect(await standing(url)).toBe('no')
    expect(await standing(url, { joinKey: 'e' })).toBe('speak')
  })

  test('N-4 five reservations an account unless configured, names below a name among them', async () => {
    const usual = await startTestServer()
    for (const name of ['a', 'a:b', 'a:b:c', 'd', 'e']) usual.reserve(name)
    expect(() => usual.reserve('a:f')).toThrow('the account has used its 5 reservations')
    usual.unreserve('e')
    usual.reserve('a:f', { joinKey: 'j', sendKey: 's' })
    await usual.end()
    const single = await startTestServer({ 'max-reservations': '1' })
    single.reserve('a')
    expect(() => single.reserve('b')).toThrow('the account has used its 1 reservations')
    await single.end()
  })

  test('N-4 each reservation has its own keys, either of which may be unset', async () => {
    const dan = account('dan')
    await wish(dan, 'dan-1', { joinKey: 'j' })
    await wish(dan, 'dan-2', { sendKey: 's' })
    const { body } = await dan('GET', '/reservations')
    expect(body).toMatchObject([
      { namespace: 'dan-1', joinKey: 'j', sendKey: null },
      { namespace: 'dan-2', joinKey: null, sendKey: 's' },
    ])
    expect(await standing(`${server.sockets}dan-2`, { sendKey: 's' })).toBe('speak')
    expect(await standing(`${server.sockets}dan-2`)).toBe('listen')
    expect(await standing(`${server.sockets}dan-1`, { joinKey: 's' })).toBe('no')
  })

  test('N-6 a name that differs only by case: the owner is warned, others are refused', async () => {
    const finn = account('finn')
    await wish(finn, 'Finn')
    const twin = await wish(finn, 'finn')
    expect(twin.status).toBe(201)
    expect(twin.body['warnings']).toEqual(['Finn is reserved too and differs only by case'])
    expect((await wish(bob, 'FINN')).status).toBe(403)
  })

  test.each([
    ['empty', ''],
    ['a leading boundary', ':a'],
    ['a trailing boundary', 'a/'],
    ['an empty part', 'a::b'],
    ['an empty part between unlike boundaries', 'a:/b'],
    ['a control character', 'a\u0007b'],
    ['a line break', 'a\nb'],
    ['half a surrogate pair', 'a\uD800'],
    ['201 bytes', 'x'.repeat(201)],
    ['202 bytes in 101 characters', 'é'.repeat(101)],
  ])('N-7 a name is refused that is or has %s', async (_fault, namespace) => {
    const refused = await wish(account(freshChannel()), namespace)
    expect(refused.status).toBe(400)
    expect(JSON.stringify(refused.body)).toMatch(/namespace|half of a surrogate pair/)
  })

  test.each(['größe', 'a b', '100%', '☃/😀', 'x'.repeat(200), '.', '..x', 'a#b?c'])(
    'N-7 the name %j is valid, and compared with the decoded channel',
    async (namespace) => {
      const made = await wish(account(freshChannel()), namespace, { joinKey: 'k' })
      expect(made.status).toBe(201)
      const url = `${server.sockets}${encodeURIComponent(namespace)}%2Fx`
      expect(await standing(url)).toBe('no')
      const member = await Client.join(`${url}?joinKey=k`)
      member.close()
    },
  )
})
