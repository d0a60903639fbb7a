/** Memory of channels is freed in time, also while nobody publishes or asks. */
import { expect, test } from 'bun:test'
import { AblyApp } from '../support/ably-app.ts'
import { eventually } from '../support/client.ts'
import { metric } from '../support/itty.ts'
import { startTimedServer } from '../support/timed-server.ts'

test('messages are forgotten after two minutes on a server where nothing else happens', async () => {
  const server = await startTimedServer({ sandbox: 'true' })
  try {
    const app = await AblyApp.make(server.url)
    for (let i = 0; i < 20; i++)
      await app.ask('/channels/quiet/messages', { body: { data: 'x'.repeat(5000) } })
    const bytes = () => metric(server, 'latchkey_memory_bytes')
    expect(await bytes()).toBeGreaterThan(100_000)
    server.clock.advance(60_000)
    expect(await bytes()).toBeGreaterThan(100_000)
    server.clock.advance(61_000)
    await eventually(async () => (await bytes()) === 0, 'all of it is let go')
  } finally {
    await server.end()
  }
})
