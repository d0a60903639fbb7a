/** The disk fills up under a running server: what needs room is refused, all else goes on, and so does that when there is room. */
import { afterAll, beforeAll, expect, test } from 'bun:test'
import { join } from 'node:path'
import { AblyApp } from '../support/ably-app.ts'
import { Client, eventually } from '../support/client.ts'
import { SmallDisk } from '../support/disk.ts'
import { ServerProcess } from '../cli/process.ts'

const disk = SmallDisk.mount(16_384)
if (!disk) console.log('skipped: this user cannot mount a small disk')

let server: ServerProcess
let app: AblyApp
beforeAll(async () => {
  if (!disk) return
  const flags = ['--sandbox', '--data', join(disk.path, 'data'), '--key-rate', '0']
  server = await ServerProcess.start(flags)
  app = await AblyApp.make(server.url, [], [{ id: 'kept', persisted: true }])
})
afterAll(async () => {
  await server?.end()
  disk?.unmount()
})

const publish = (channel: string, data: string) =>
  app.ask<{ error?: { code: number } }>(`/channels/${channel}/messages`, { body: { data } })
const errors = () => server.logs.filter(({ level }) => level === 'ERROR' || level === 'FATAL')
const LARGE = 'x'.repeat(60_000)
const device = (id: string) =>
  app.ask<{ error?: { code: number; message: string } }>('/push/deviceRegistrations', {
    body: {
      id,
      formFactor: 'phone',
      platform: 'android',
      metadata: { note: 'x'.repeat(1000) },
      push: { recipient: { transportType: 'fcm', registrationToken: 'x' } },
    },
  })

test.skipIf(!disk)(
  'nothing is acknowledged that is not kept, and the server stays responsive',
  async () => {
    expect((await publish('kept:a', 'before')).status).toBe(201)
    disk!.fill(0)
    await eventually(async () => (await publish('kept:a', LARGE)).status === 500, 'it is refused')
    expect((await publish('kept:a', LARGE)).body.error?.code).toBe(50000)
    // The write-ahead log has room for a few more.
    await eventually(async () => {
      const { status, body } = await device(crypto.randomUUID())
      return status === 503 && body.error?.message.endsWith('the disk is full') === true
    }, 'settings are refused')
    expect((await publish('open', LARGE)).status).toBe(201)
    const [ann, bob] = [
      await Client.join(`${server.sockets}lobby`),
      await Client.join(`${server.sockets}lobby`),
    ]
    ann.sendJson('hello')
    await bob.message('hello')
    expect((await app.ask('/channels/kept:a/messages')).status).toBe(200)
    const told = errors().map(({ error }) => String(error))
    expect(new Set(told).size).toBe(told.length)
    expect(told.some((text) => text.includes('history.db cannot be written'))).toBe(true)
    // Refusals are not logged one by one.
    const lines = server.logs.filter(({ message }) => String(message).startsWith('refused'))
    expect(lines.map(({ reason }) => reason)).toEqual([])
  },
)

test.skipIf(!disk)('continues when there is room again', async () => {
  disk!.clear()
  await eventually(async () => (await publish('kept:a', LARGE)).status === 201, 'it is kept')
  await eventually(async () => (await device('phone')).status === 201, 'it is registered')
  expect(server.logs.some(({ message }) => message === 'history is kept again')).toBe(true)
  server.signal('SIGTERM')
  expect(await server.exited()).toBe(0)
})
