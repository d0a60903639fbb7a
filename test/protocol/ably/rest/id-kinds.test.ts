/** Ids of different kinds of things are never mistaken for each other. */
import { afterAll, beforeAll, expect, test } from 'bun:test'
import { AblyApp } from '../../../support/ably-app.ts'
import { type TestServer, startTestServer } from '../../../support/server.ts'

let server: TestServer
let app: AblyApp

beforeAll(async () => {
  server = await startTestServer({ sandbox: 'true' })
  app = await AblyApp.make(server.url, [], [{ id: 'kept', mutableMessages: true }])
})
afterAll(() => server.end())

async function publish(channel: string, body: unknown): Promise<readonly string[]> {
  const answer = await app.ask<{ serials: string[] }>(`/channels/${channel}/messages`, { body })
  expect(answer.status).toBe(201)
  return answer.body.serials
}

async function names(channel: string): Promise<string[]> {
  const { body } = await app.ask<{ name: string }[]>(`/channels/${channel}/messages`)
  return body.map(({ name }) => name).toReversed()
}

test('a single message and several with the same base id are different', async () => {
  const several = [
    { id: 'order:0', name: 'b' },
    { id: 'order:1', name: 'c' },
  ]
  for (let round = 0; round < 2; round++) {
    await publish('orders', { id: 'order', name: 'a' })
    await publish('orders', several)
  }
  expect(await names('orders')).toEqual(['a', 'b', 'c'])
})

test('messages and annotations with the same id are different', async () => {
  const [serial] = await publish('kept:a', { name: 'subject' })
  const annotate = (ids: readonly string[]) =>
    app.ask(`/channels/kept:a/messages/${encodeURIComponent(serial!)}/annotations`, {
      body: ids.map((id) => ({ id, action: 0, type: 'like:total.v1' })),
    })
  const total = async () => {
    const { body } = await app.ask<{
      annotations?: { summary: Record<string, { total: number }> }
    }>(`/channels/kept:a/messages/${encodeURIComponent(serial!)}`)
    return body.annotations?.summary['like:total.v1']?.total
  }
  const lists = [['x'], ['x', 'y'], ['x\ny'], ['["x","y"]']]
  const odd = lists.flatMap((ids) => [
    ['annotations', ...ids].join('\n'),
    `annotations\n${JSON.stringify(ids)}`,
  ])
  for (const id of odd) await publish('kept:a', { id, name: id })
  for (let round = 0; round < 2; round++)
    for (const ids of lists) expect((await annotate(ids)).status).toBe(201)
  expect(await total()).toBe(5)
  const wanted = [...new Set(odd)]
  expect(await names('kept:a')).toEqual(['subject', ...wanted])
})
