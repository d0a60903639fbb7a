/** The simulated latency of a sandbox. */
import { expect, test } from 'bun:test'
import { AblyApp } from '../../../../support/ably-app.ts'
import { ACTION, FrameClient } from '../../../../support/ably.ts'
import { startTestServer } from '../../../../support/server.ts'

test('frames are delayed in order, and requests are not', async () => {
  const server = await startTestServer({ sandbox: 'true', 'sandbox-latency': '1000' })
  try {
    const app = await AblyApp.make(server.url)
    const client = new FrameClient(app, `key=${app.keys[0]}&v=6`)
    await client.opened
    client.send({ action: ACTION.ATTACH, channel: 'early' })
    expect((await app.ask('/time')).status).toBe(200)
    expect(client.frames).toEqual([])
    await client.next(ACTION.ATTACHED)
    expect(client.frames.map(({ action }) => action)).toEqual([ACTION.CONNECTED, ACTION.ATTACHED])
    client.send({ action: ACTION.HEARTBEAT, id: 'ping' })
    client.send({ action: ACTION.ATTACH, channel: 'late' })
    client.send({ action: 15, channel: 'late', msgSerial: 0, messages: [{ data: 'x' }] })
    expect((await app.ask('/time')).status).toBe(200)
    expect(client.frames).toHaveLength(2)
    await client.next(ACTION.ACK)
    expect(client.frames.slice(2)).toMatchObject([
      { action: ACTION.HEARTBEAT, id: 'ping' },
      { action: ACTION.ATTACHED },
      { action: ACTION.MESSAGE },
      { action: ACTION.ACK },
    ])
  } finally {
    await server.end()
  }
})

test('a connection that closes meanwhile is not opened', async () => {
  const server = await startTestServer({ sandbox: 'true', 'sandbox-latency': '1000' })
  try {
    const app = await AblyApp.make(server.url)
    const client = new FrameClient(app, `key=${app.keys[0]}&v=6`)
    await client.opened
    const gone = await app.ask(`/apps/${app.id}`, { method: 'DELETE' })
    expect([gone.status, client.frames.length]).toEqual([204, 0])
    await client.next(ACTION.ERROR)
    expect(client.all(ACTION.CONNECTED)).toEqual([])
  } finally {
    await server.end()
  }
})
