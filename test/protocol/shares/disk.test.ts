/** However much one owner keeps on disk, others keep theirs. */
import { afterEach, beforeEach, expect, test } from 'bun:test'
import { AblyApp } from '../../support/ably-app.ts'
import { Clients } from '../../support/ably.ts'
import { eventually } from '../../support/client.ts'
import { metric } from '../../support/itty.ts'
import { GREEDY, names, startOwners } from '../../support/owners.ts'
import type { TestServer } from '../../support/server.ts'

const KB50 = 'x'.repeat(50_000)
const MIB = 1_048_576

let server: TestServer
let greedy: AblyApp
let small: AblyApp
const clients = new Clients(() => small)

beforeEach(async () => {
  ;({ server, greedy, small } = await startOwners({ 'history-disk-mb': '1' }))
})
afterEach(async () => {
  clients.end()
  await server.end()
})

async function keep(app: AblyApp, channels: readonly string[], data: string): Promise<void> {
  const { body } = await app.ask('/messages', { body: { channels, messages: { data } } })
  expect(body).toMatchObject({ successCount: channels.length })
}

const used = () => metric(server, 'latchkey_history_bytes')

async function withinBudget(): Promise<void> {
  await eventually(async () => (await used()) <= MIB, 'the disk is within its budget')
}

async function expectKept(texts: readonly string[]): Promise<void> {
  const { items } = await clients.make().channels.get('kept:room').history({ limit: 100 })
  expect(items.map(({ data }) => data as unknown)).toEqual(texts.toReversed())
}

test('a small app keeps its history, however much another keeps', async () => {
  const texts = names('message ', 20)
  for (const text of texts) await keep(small, ['kept:room'], text)
  for (let i = 0; i < 4; i++) await keep(greedy, names(`kept:${i}-`, 20), KB50)
  expect(await used()).toBeGreaterThan(2 * MIB)
  await withinBudget()
  await expectKept(texts)
  const more = names('later ', 5)
  for (const text of more) await keep(small, ['kept:room'], text)
  await expectKept([...texts, ...more])
})

test('apps of one address share their disk', async () => {
  await keep(small, names('kept:large-', 5), KB50)
  const texts = names('message ', 20)
  for (const text of texts) await keep(small, ['kept:room'], text)
  const rules = [{ id: 'kept', persisted: true }]
  for (let i = 0; i < 20; i++)
    await keep(await AblyApp.madeBy(GREEDY, server.url, rules), names('kept:', 4), KB50)
  await withinBudget()
  await expectKept(texts)
  for (const name of names('kept:large-', 5))
    expect((await small.ask<unknown[]>(`/channels/${name}/messages`)).body).toHaveLength(1)
})
