/** What REST tells of channels is true of all nodes: who is on them, and which there are. */
import { afterAll, afterEach, beforeAll, expect, test } from 'bun:test'
import { cpSync } from 'node:fs'
import Ably from 'ably'
import { runJson } from '../../../cli/process.ts'
import { eventually } from '../../../support/client.ts'
import { TestCluster } from '../../../support/cluster.ts'
import { type TestServer, startTestServer, temporaryFolder } from '../../../support/server.ts'

const cluster = new TestCluster()
const folders = [temporaryFolder(), temporaryFolder()]
const servers: TestServer[] = []
const clients: Ably.Realtime[] = []
let key: string

beforeAll(async () => {
  const [first, second] = folders.map(({ path }) => path)
  const made = await runJson<{ key: string }>(['keys', 'add', '--data', first!])
  key = made.key
  // The same settings on both, as nodes of a cluster have them.
  cpSync(first!, second!, { recursive: true })
  for (const [at, data] of [first!, second!].entries()) {
    const name = 'ab'[at]!
    servers.push(
      // oxlint-disable-next-line no-await-in-loop -- one node after the other
      await startTestServer({ data }, {}, undefined, {
        cluster: (handlers) => cluster.join(name, handlers),
      }),
    )
  }
})
afterEach(() => {
  for (const client of clients.splice(0)) client.close()
})
afterAll(async () => {
  for (const server of servers) await server.end()
  for (const folder of folders) folder.remove()
})

async function attach(node: number, channel: string): Promise<Ably.RealtimeChannel> {
  const client = new Ably.Realtime({
    key,
    endpoint: '127.0.0.1',
    port: servers[node]!.port,
    tls: false,
    logLevel: 0,
    transports: ['web_socket'],
    clientId: `c${node}`,
  })
  clients.push(client)
  const attached = client.channels.get(channel)
  await attached.attach()
  return attached
}

async function get<T>(node: number, path: string): Promise<T> {
  const headers = { authorization: `Basic ${btoa(key)}` }
  return (await (await fetch(`${servers[node]!.url}${path}`, { headers })).json()) as T
}

const names = (node: number, query: string) =>
  get<string[]>(node, `/channels?prefix=nodes-&by=id${query}`)

interface Status {
  readonly status: { readonly occupancy: { readonly metrics: Ably.ChannelMetrics } }
}

test('the occupancy of a channel is that of all nodes together', async () => {
  await attach(0, 'nodes-room')
  const there = await attach(1, 'nodes-room')
  await there.presence.enter()
  for (const node of [0, 1]) {
    // oxlint-disable-next-line no-await-in-loop -- one node after the other
    const { status } = await get<Status>(node, '/channels/nodes-room')
    expect(status.occupancy.metrics).toMatchObject({
      connections: 2,
      subscribers: 2,
      presenceMembers: 1,
    })
  }
  const [listed] = await get<Status[]>(0, '/channels?prefix=nodes-room&by=value')
  expect(listed!.status.occupancy.metrics.connections).toBe(2)
})

test('the channels of all nodes are listed, each once and in pages', async () => {
  for (const [node, name] of [
    [0, 'nodes-a'],
    [1, 'nodes-b'],
    [0, 'nodes-c'],
    [1, 'nodes-c'],
  ] as const)
    // oxlint-disable-next-line no-await-in-loop -- one after the other
    await attach(node, name)
  await eventually(async () => (await names(0, '')).includes('nodes-c'), 'they are there')
  const all = (await names(0, '')).filter((name) => name !== 'nodes-room')
  expect(all).toEqual(['nodes-a', 'nodes-b', 'nodes-c'])
  expect(await names(1, '&limit=2')).toEqual(['nodes-a', 'nodes-b'])
})
