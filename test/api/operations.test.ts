/** Every operation of the HTTP API does what it says, for the owner. */
import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { Client, upgradeAnswer } from '../support/client.ts'
import { freshChannel } from '../support/itty.ts'
import { Caller } from './caller.ts'

let api: Caller
beforeAll(async () => {
  api = await Caller.start()
})
afterAll(async () => {
  // Every answer was checked against the document. This checks that every operation was called.
  const all = Object.entries(api.document.paths)
    // Those are called in apps.test.ts and stats.test.ts.
    .filter(([path]) => !/\/(apps|stats)\b/.test(path))
    .flatMap(([path, operations]) =>
      Object.keys(operations).map((method) => `${method.toUpperCase()} ${path}`),
    )
  await api.server.end()
  expect([...api.called].toSorted()).toEqual(all.toSorted())
})

interface Account {
  readonly id: string
  readonly name: string
  readonly role: string
}
interface Reservation {
  readonly id: string
  readonly namespace: string
  readonly accountId: string
  readonly created: number
  readonly modified: number
  readonly warnings?: string[]
}

const status = async (path: string) => (await upgradeAnswer(api.server.sockets + path)).status
const reserve = async (body: object) => {
  const answer = await api.call<Reservation>('POST', '/accounts/owner/reservations', { body })
  expect(answer.status).toBe(201)
  return answer.body
}

test('GET /me', async () => {
  const { status: code, body } = await api.call<{ account: Account; token: object }>('GET', '/me')
  expect(code).toBe(200)
  expect(body.account.name).toBe('owner')
  expect(body.token).toMatchObject({ name: 'test', capabilities: expect.any(Array) })
})

test('the same under /api/v1', async () => {
  const headers = { authorization: `Bearer ${api.owner}` }
  const [one, other] = await Promise.all(
    ['/v1/me', '/api/v1/me'].map(async (path) => {
      const response = await fetch(api.server.url + path, { headers })
      return [response.status, await response.json()]
    }),
  )
  expect(other).toEqual(one!)
})

test('accounts are added, listed and removed', async () => {
  const added = await api.call<Account>('POST', '/accounts', { body: { name: 'ann' } })
  expect(added.status).toBe(201)
  expect(added.body).toMatchObject({ name: 'ann', role: 'member' })
  const again = await api.call('POST', '/accounts', { body: { name: 'ann' } })
  expect([again.status, again.body.reason]).toEqual([409, 'account_taken'])
  const listed = await api.call<Account[]>('GET', '/accounts')
  expect(listed.body.map(({ name }) => name)).toEqual(['owner', 'ann'])
  const path = `/accounts/${added.body.id}`
  expect((await api.call('DELETE', path)).status).toBe(204)
  const gone = await api.call('DELETE', path)
  expect([gone.status, gone.body.reason]).toEqual([404, 'account_unknown'])
  const owner = await api.call('DELETE', '/accounts/owner')
  expect([owner.status, owner.body.reason]).toEqual([409, 'account_needed'])
  const trail = await api.call<{ action: string; name: string }[]>('GET', '/audit?kind=account')
  expect(trail.body.map(({ action, name }) => `${action} ${name}`).slice(0, 2)).toEqual([
    'remove ann',
    'add ann',
  ])
})

describe('reservations', () => {
  test('are made, read, listed, changed and removed; each applies at once', async () => {
    const namespace = freshChannel()
    const made = await reserve({ namespace, joinKey: 'j', guardEvents: true })
    expect(await status(`${namespace}/x`)).toBe(403)
    expect(await status(`${namespace}/x?joinKey=j`)).toBe(101)
    const read = await api.call<Reservation>('GET', `/reservations/${made.id}`)
    expect(read.body).toEqual(made)
    const listed = await api.call<Reservation[]>('GET', '/accounts/owner/reservations')
    expect(listed.body).toContainEqual(made)
    const body = { joinKey: 'k', guardEvents: null }
    const changed = await api.call<Reservation>('PATCH', `/reservations/${made.id}`, { body })
    expect(changed.status).toBe(200)
    expect(changed.body).toMatchObject({ ...made, ...body, modified: expect.any(Number) })
    expect(await status(`${namespace}/x?joinKey=j`)).toBe(403)
    expect(await status(`${namespace}/x?joinKey=k`)).toBe(101)
    expect((await api.call('DELETE', `/reservations/${made.id}`)).status).toBe(204)
    expect(await status(`${namespace}/x`)).toBe(101)
    expect((await api.call('GET', `/reservations/${made.id}`)).status).toBe(404)
  })

  test('are found by their namespace too', async () => {
    const namespace = `${freshChannel()}/a:b`
    const made = await reserve({ namespace })
    const path = `/reservations/${encodeURIComponent(namespace)}`
    expect((await api.call<Reservation>('GET', path)).body.id).toBe(made.id)
    expect((await api.call<Reservation>('PATCH', path, { body: {} })).body.id).toBe(made.id)
    expect((await api.call('DELETE', path)).status).toBe(204)
  })

  test('come with warnings about likely mistakes', async () => {
    const namespace = freshChannel()
    await reserve({ namespace, joinKey: 'j' })
    const child = await reserve({ namespace: `${namespace}/open` })
    expect(child.warnings).toEqual([expect.stringContaining('does not inherit')])
  })

  const wrong: [object, number, string][] = [
    [{ namespace: '' }, 400, 'namespace_invalid'],
    [{ namespace: 'a//b' }, 400, 'namespace_invalid'],
    [{ namespace: 'x', joinKey: '' }, 400, 'invalid'],
    [{ namespace: 'x', sendKey: 'null' }, 400, 'invalid'],
    [{ namespace: 'x', sendKey: 'a\nb' }, 400, 'invalid'],
  ]
  test.each(wrong)('%j is refused', async (body, code, reason) => {
    const answer = await api.call('POST', '/accounts/owner/reservations', { body })
    expect([answer.status, answer.body.reason]).toEqual([code, reason])
  })

  test('cannot be made twice', async () => {
    const namespace = freshChannel()
    await reserve({ namespace })
    const again = await api.call('POST', '/accounts/owner/reservations', { body: { namespace } })
    expect([again.status, again.body.reason]).toEqual([409, 'namespace_taken'])
  })

  test('of an unknown account are answered with 404', async () => {
    const listed = await api.call('GET', '/accounts/nobody/reservations')
    expect([listed.status, listed.body.reason]).toEqual([404, 'account_unknown'])
  })
})

describe('the live view', () => {
  interface Connection {
    readonly id: string
    readonly uid: string
    readonly channel: string
  }

  test('lists channels, the fullest first, and their connections', async () => {
    const [one, two] = [freshChannel(), freshChannel()]
    const clients = [
      await Client.join(`${api.server.sockets}${one}?as=Ann&joinKey=j`),
      await Client.join(api.server.sockets + two),
      await Client.join(api.server.sockets + two),
    ]
    const channels = await api.call<{ name: string; members: number }[]>('GET', '/channels')
    const mine = channels.body.filter(({ name }) => name === one || name === two)
    expect(mine).toMatchObject([
      { name: two, members: 2, rule: 'open', hasJoinKey: false },
      { name: one, members: 1, rule: 'ephemeral', hasJoinKey: true },
    ])
    expect(JSON.stringify(channels.body)).not.toContain('"j"')
    const all = await api.call<Connection[]>('GET', '/connections')
    for (const { uid } of clients) expect(all.body.map((each) => each.uid)).toContain(uid)
    const some = await api.call<Connection[]>('GET', `/connections?channel=${one}`)
    expect(some.body).toMatchObject([{ channel: one, uid: clients[0]!.uid, alias: 'Ann' }])
    for (const client of clients) client.close()
  })

  test('closes one connection, or all on a channel', async () => {
    const channel = freshChannel()
    const clients = [
      await Client.join(api.server.sockets + channel),
      await Client.join(api.server.sockets + channel),
    ]
    const listed = await api.call<Connection[]>('GET', `/connections?channel=${channel}`)
    const { id } = listed.body.find(({ uid }) => uid === clients[0]!.uid)!
    expect((await api.call('DELETE', `/connections/${id}`)).status).toBe(204)
    expect(await clients[0]!.error()).toMatchObject({ code: 'disconnected' })
    expect((await clients[0]!.closing()).code).toBe(1008)
    expect((await api.call('DELETE', `/connections/${id}`)).status).toBe(404)
    const rest = await api.call<object>('DELETE', `/connections?channel=${channel}`)
    expect([rest.status, rest.body]).toEqual([200, { disconnected: 1 }])
    expect((await clients[1]!.closing()).code).toBe(1008)
    expect((await api.call('DELETE', '/connections')).status).toBe(400)
  })

  test('explains who may join, and why', async () => {
    const namespace = freshChannel()
    await reserve({ namespace, joinKey: 'j', sendKey: 's' })
    const explain = (body: object) => api.call<object>('POST', '/channels/explain', { body })
    const channel = `${namespace}/x`
    expect((await explain({ channel, joinKey: 'j' })).body).toEqual({
      channel,
      join: true,
      send: false,
      rule: 'parent',
      namespace,
      detail: expect.stringContaining('may only listen'),
      advice: expect.stringContaining('send key'),
      live: true,
    })
    expect((await explain({ channel })).body).toMatchObject({ join: false, send: false })
    expect((await explain({ channel: '' })).status).toBe(400)
  })
})
