/** Live objects outlive their channel's time in memory, a restart and a kill, on channels without any rule. */
import { afterAll, beforeAll, expect, test } from 'bun:test'
import { AblyApp, type ErrorBody } from '../../../../support/ably-app.ts'
import { ACTION, FrameClient } from '../../../../support/ably.ts'
import { RestartableServer } from '../../../../support/restartable.ts'

let server: RestartableServer
let app: AblyApp

beforeAll(async () => {
  server = await RestartableServer.start('--sandbox')
  app = await AblyApp.make(server.url)
})
afterAll(() => server.end())

interface Done {
  readonly objectIds: readonly string[]
}

const post = (body: object) => app.ask<Done & ErrorBody>('/channels/room/object', { body })
const tree = async () => (await app.ask('/channels/room/object')).body
const reader = async () => {
  const client = await FrameClient.connected(app, `key=${encodeURIComponent(app.keys[0]!)}&v=6`)
  const { connectionDetails } = client.all(ACTION.CONNECTED)[0] as unknown as {
    connectionDetails: { siteCode: string }
  }
  await client.attach('room', { flags: 1 << 24 })
  const sync = await client.next(ACTION.OBJECT_SYNC)
  client.terminate()
  return { siteCode: connectionDetails.siteCode, state: sync['state'] }
}

test('over restarts and kills, with site code and serials', async () => {
  const { body } = await post({
    path: 'm',
    mapCreate: { entries: { k: { data: { string: '' } } } },
  })
  await post({ path: 'c', counterCreate: { count: 10 } })
  await post({ path: 'c', counterInc: { number: 0.5 } })
  await post({
    objectId: body.objectIds[0]!,
    mapSet: { key: '__proto__', value: { bytes: 'AQI=' } },
  })
  await post({ path: '', mapSet: { key: 'gone', value: { number: 1 } } })
  await post({ path: '', mapRemove: { key: 'gone' } })
  const before = await reader()
  await server.restart()
  expect(await reader()).toEqual(before)
  await post({ path: 'c', counterInc: { number: 1 } })
  await server.kill()
  await server.start()
  const expected = JSON.parse('{"m":{"k":"","__proto__":"AQI="},"c":11.5}') as object
  expect<unknown>(await tree()).toEqual(expected)
  const after = await reader()
  expect(after.siteCode).toBe(before.siteCode)
  // What is set now is newer than all that was before.
  await post({ path: '', mapSet: { key: 'gone', value: { number: 2 } } })
  expect(await tree()).toEqual({ ...expected, gone: 2 })
})

test('everything that was acknowledged before a kill is there', async () => {
  await post({ path: 'count', counterCreate: {} })
  const enough = Promise.withResolvers<void>()
  const answers: number[] = []
  // Each goes on until the server is gone.
  const busy = Array.from({ length: 8 }, async () => {
    for (;;) {
      const done = await post({ path: 'count', counterInc: { number: 1 } }).catch(() => undefined)
      if (done?.status !== 201) return
      if (answers.push(done.status) === 100) enough.resolve()
    }
  })
  await enough.promise
  await server.kill()
  await Promise.all(busy)
  await server.start()
  const { count } = (await tree()) as { count: number }
  expect(count).toBeGreaterThanOrEqual(answers.length)
  expect(count).toBeLessThanOrEqual(answers.length + busy.length)
})
