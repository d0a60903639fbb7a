/** Channels and connections of apps over the HTTP API: listed by owner, and disconnected. */
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'bun:test'
import { Clients, known } from '../support/ably.ts'
import { Client, eventually } from '../support/client.ts'
import { freshChannel, reserve } from '../support/itty.ts'
import { Caller } from './caller.ts'

interface LiveChannel {
  readonly name: string
  readonly appId?: string
  readonly members: number
  readonly occupancy?: object
  readonly rate: number
  readonly rule: string
  readonly namespace?: string
}

interface LiveConnection {
  readonly id: string
  readonly protocol: string
  readonly channels?: readonly string[]
}

let api: Caller
let key: string
let appId: string
const clients = new Clients(() => api.server)

beforeAll(async () => {
  api = await Caller.start()
  key = await known(api.server, api.server.addKey())
  appId = key.split('.')[0]!
})
afterEach(() => clients.end())
afterAll(() => api.server.end())

const channels = async (token = api.owner) =>
  (await api.call<LiveChannel[]>('GET', '/channels', { token })).body
const connections = async (query = '', token = api.owner) =>
  (await api.call<LiveConnection[]>('GET', `/connections${query}`, { token })).body
const named = async (name: string) => (await channels()).find((channel) => channel.name === name)

describe('channels of apps', () => {
  test('are listed with their occupancy and the rate of their messages', async () => {
    const name = freshChannel()
    const client = await clients.connected({ key, clientId: 'ann' })
    const channel = client.channels.get(name)
    await channel.subscribe(() => undefined)
    await channel.presence.enter()
    for (let i = 0; i < 10; i++) await channel.publish('n', String(i))
    expect(await named(name)).toMatchObject({
      appId,
      members: 1,
      rule: 'app',
      occupancy: { connections: 1, subscribers: 1, presenceMembers: 1 },
      rate: expect.any(Number),
    })
    expect((await named(name))!.rate).toBeGreaterThan(0)
  })

  test('that are shared name their reservation and count guests', async () => {
    const namespace = freshChannel()
    await reserve(api.server, namespace, { app: 'default' })
    const guest = await Client.join(`${api.server.sockets}${namespace}/x`)
    expect(await named(`${namespace}/x`)).toMatchObject({
      appId,
      members: 1,
      rule: 'parent',
      namespace,
    })
    const listed = (await channels()).filter(({ name }) => name === `${namespace}/x`)
    expect(listed).toHaveLength(1)
    guest.close()
  })

  test('are not shown to other accounts', async () => {
    const client = await clients.connected({ key })
    await client.channels.get(freshChannel()).attach()
    const token = api.token('team')
    expect(await channels(token)).toEqual([])
    expect(await connections('', token)).toEqual([])
    const path = `/connections/${client.connection.id}`
    expect((await api.call('DELETE', path, { token })).status).toBe(404)
    expect(client.connection.state).toBe('connected')
  })
})

describe('connections of apps', () => {
  test('are listed with key, client id and channels, of one channel or of one app', async () => {
    const name = freshChannel()
    const client = await clients.connected({ key, clientId: 'ann' })
    await client.channels.get(name).attach()
    const [found] = await connections(`?channel=${name}&app=${appId}`)
    expect(found).toMatchObject({
      id: client.connection.id,
      protocol: 'ably',
      appId,
      key: key.split(':')[0],
      clientId: 'ann',
      address: '127.0.0.1',
      secure: false,
      channels: [name],
    })
    expect(await connections(`?channel=${name}&app=other`)).toEqual([])
    expect((await connections(`?app=${appId}`)).map(({ id }) => id)).toContain(found!.id)
  })

  test('can be disconnected one by one or by channel, and cannot be resumed', async () => {
    const name = freshChannel()
    const [one, two, three] = await Promise.all([
      clients.connected({ key }),
      clients.connected({ key }),
      clients.connected({ key }),
    ])
    for (const client of [two, three]) await client.channels.get(name).attach()
    const path = `/connections/${one.connection.id}`
    expect((await api.call('DELETE', path)).status).toBe(204)
    await eventually(() => one.connection.state === 'failed', 'it was told')
    expect(one.connection.errorReason?.message).toContain('disconnected by the operator')
    expect((await api.call('DELETE', path)).status).toBe(404)
    const rest = await api.call<object>('DELETE', `/connections?channel=${name}&app=${appId}`)
    expect(rest.body).toEqual({ disconnected: 2 })
    await eventually(
      () => [two, three].every(({ connection }) => connection.state === 'failed'),
      'both were told',
    )
    const [newest] = (await api.call<{ name: string }[]>('GET', '/audit?limit=1')).body
    expect(newest).toMatchObject({
      action: 'disconnect',
      kind: 'channel',
      name: `all 2 on ${name}`,
    })
  })
})
