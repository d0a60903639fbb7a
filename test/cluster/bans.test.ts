/** Whoever is banned on one node is banned on all that hear of it. */
import { expect, test } from 'bun:test'
import { Client, upgradeAnswer } from '../support/client.ts'
import { TestCluster } from '../support/cluster.ts'
import { startTestServer } from '../support/server.ts'

const FLAGS = {
  'ban-seconds': '60',
  'message-rate': '1',
  'message-burst': '1',
  'max-warnings': '0',
}

test('an address that floods one node is shut out by the others', async () => {
  const cluster = new TestCluster()
  const start = (name: string) =>
    startTestServer(FLAGS, {}, undefined, { cluster: (handlers) => cluster.join(name, handlers) })
  const [a, b, c] = [await start('a'), await start('b'), await start('c')]
  try {
    cluster.silent.add('c')
    const bystander = await Client.join(`${b.sockets}y`)
    const flooding = await Client.join(`${a.sockets}x`)
    for (let i = 0; i < 10; i++) flooding.sendJson(i)
    expect(await flooding.closing()).toMatchObject({ reason: 'flooding' })
    for (const { sockets } of [a, b])
      // oxlint-disable-next-line no-await-in-loop -- one node after the other
      expect((await upgradeAnswer(`${sockets}x`)).status).toBe(429)
    expect(bystander.closed).toBeUndefined()
    // It has not heard of it.
    expect((await upgradeAnswer(`${c.sockets}x`)).status).toBe(101)
  } finally {
    for (const server of [a, b, c]) await server.end()
  }
})
