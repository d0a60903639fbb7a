/** Channels and connections of several nodes: any of them tells of all, and names the ones that do not answer. */
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'bun:test'
import { Clients, known } from '../support/ably.ts'
import { eventually } from '../support/client.ts'
import { TestCluster } from '../support/cluster.ts'
import { IttyClient, freshChannel } from '../support/itty.ts'
import { DashboardUser } from '../dashboard/dashboard-user.ts'
import { latchkey } from '../support/server.ts'
import { Caller } from './caller.ts'

interface Listed {
  readonly id: string
  readonly name: string
  readonly members: number
  readonly channel?: string
  readonly protocol?: string
}

const cluster = new TestCluster()
let [a, b]: Caller[] = []
let key: string
const clients = new Clients(() => b!.server)
const members: IttyClient[] = []

beforeAll(async () => {
  a = await Caller.start({}, { cluster: (handlers) => cluster.join('a', handlers) })
  b = await Caller.start({}, { cluster: (handlers) => cluster.join('b', handlers) })
  key = await known(b.server, b.server.addKey())
})
afterEach(() => {
  cluster.silent.clear()
  clients.end()
  for (const member of members.splice(0)) member.socket.close()
})
afterAll(async () => {
  await a!.server.end()
  await b!.server.end()
})

async function join(node: Caller, channel: string): Promise<IttyClient> {
  const member = await IttyClient.join(node.server.sockets + channel)
  members.push(member)
  return member
}

const channels = (node: Caller) => node.call<Listed[]>('GET', '/channels')
const connectionsOn = async (node: Caller, channel: string) =>
  (await node.call<Listed[]>('GET', `/connections?channel=${channel}`)).body

describe('channels', () => {
  test('of all nodes are listed, the fullest first, and one that two have stands there once', async () => {
    const [shared, other] = [freshChannel(), freshChannel()]
    await join(a!, shared)
    await join(b!, shared)
    await join(b!, shared)
    await join(b!, other)
    for (const node of [a!, b!]) {
      // oxlint-disable-next-line no-await-in-loop -- one node after the other
      const { body, headers } = await channels(node)
      const named = body.filter(({ name }) => [shared, other].includes(name))
      // Members of the commons are known to every node that has the channel: here each has counted its own.
      expect(named.map(({ members: count, name }) => [name, count])).toEqual([
        [shared, 2],
        [other, 1],
      ])
      expect(headers.get('latchkey-missing-nodes')).toBeNull()
    }
  })

  test('of a node that does not answer are missing, and it is named', async () => {
    const [here, there] = [freshChannel(), freshChannel()]
    await join(a!, here)
    await join(b!, there)
    cluster.silent.add('b')
    const { body, headers } = await channels(a!)
    const names = body.map(({ name }) => name)
    expect(names).toContain(here)
    expect(names).not.toContain(there)
    expect(headers.get('latchkey-missing-nodes')).toBe('b')
  })
})

describe('connections', () => {
  test('of other nodes are listed, and disconnected by id', async () => {
    const name = freshChannel()
    const member = await join(b!, name)
    // Each node counts its connections; one of the other node has the same number.
    await join(a!, freshChannel())
    const [found] = await connectionsOn(a!, name)
    expect(found).toMatchObject({ channel: name, uid: member.uid })
    expect(found!.id).toStartWith('b.')
    const answer = await a!.call('DELETE', `/connections/${found!.id}`)
    expect(answer.status).toBe(204)
    expect(await member.error()).toMatchObject({ code: 'disconnected' })
    expect((await a!.call('DELETE', `/connections/${found!.id}`)).status).toBe(404)
  })

  test('that are nowhere may be on a node that does not answer', async () => {
    cluster.silent.add('b')
    const { body, status } = await a!.call('DELETE', '/connections/b.0')
    expect([status, body.reason]).toEqual([503, 'engine_unreachable'])
    const all = await a!.call<object>('DELETE', '/connections?channel=nobody')
    expect(all.headers.get('latchkey-missing-nodes')).toBe('b')
  })

  test('of apps, too', async () => {
    const client = await clients.connected({ key, clientId: 'ann' })
    const { body } = await a!.call<Listed[]>('GET', '/connections')
    expect(body.some(({ id }) => id === client.connection.id)).toBe(true)
    await a!.call('DELETE', `/connections/${client.connection.id}`)
    await eventually(() => client.connection.state === 'failed', 'it is told')
  })

  test('on a channel end together, whichever node they are on', async () => {
    const name = freshChannel()
    const all = [await join(a!, name), await join(b!, name), await join(b!, name)]
    const { body } = await a!.call<object>('DELETE', `/connections?channel=${name}`)
    expect(body).toEqual({ disconnected: 3 })
    for (const member of all)
      // oxlint-disable-next-line no-await-in-loop -- one after the other
      expect(await member.error()).toMatchObject({ code: 'disconnected' })
  })

  test('that were ended are in the audit trail of the node that was asked', async () => {
    const name = freshChannel()
    const member = await join(b!, name)
    const [found] = await connectionsOn(a!, name)
    await a!.call('DELETE', `/connections/${found!.id}`)
    const { body } = await a!.call<object[]>('GET', '/audit?kind=connection')
    expect(body[0]).toMatchObject({
      action: 'disconnect',
      name: `${member.uid} on ${name}`,
    })
  })
})

test('a command names the node that does not answer, beside its list', async () => {
  const here = freshChannel()
  await join(a!, here)
  cluster.silent.add('b')
  const { code, err, out } = await latchkey([
    'channels',
    'list',
    '--data',
    a!.server.folder,
    '--json',
  ])
  expect(code).toBe(0)
  expect(JSON.parse(out)).toContainEqual(expect.objectContaining({ name: here }))
  expect(err).toContain('without the nodes that did not answer: b')
})

describe('pages', () => {
  let owner: DashboardUser
  beforeAll(async () => {
    owner = await DashboardUser.owner(a!.server)
  })

  test('name the node that does not answer', async () => {
    await join(b!, freshChannel())
    for (const path of ['/live', '/live/connections', '/live/refusals', '/reservations']) {
      cluster.silent.clear()
      // oxlint-disable-next-line no-await-in-loop -- one page after the other
      expect((await owner.get(path)).text).not.toContain('does not answer')
      cluster.silent.add('b')
      // oxlint-disable-next-line no-await-in-loop -- as above
      expect((await owner.get(path)).text).toContain('b does not answer')
    }
  })

  test('of refusals have those of all nodes', async () => {
    const answer = await fetch(`${b!.server.url}/channels/secret/messages`, {
      headers: { authorization: `Basic ${btoa('no.body:knows')}` },
    })
    expect(answer.status).toBeGreaterThanOrEqual(400)
    expect((await owner.get('/live/refusals')).text).toContain('no.body')
  })
})
