/**
 * The disk is full again and again under load: nothing that was acknowledged is missing, what was refused was refused
 * as an error of the disk, and those who talk in memory notice nothing.
 */
import { afterAll, beforeAll, expect, test } from 'bun:test'
import { join } from 'node:path'
import { ServerProcess } from '../cli/process.ts'
import { AblyApp, type ErrorBody } from '../support/ably-app.ts'
import { Client } from '../support/client.ts'
import { SmallDisk } from '../support/disk.ts'

const ROUNDS = 8
const FULL_MS = 700
const FREE_MS = 700
const PUBLISHERS = 4
const PADDING = 'x'.repeat(4000)

const disk = SmallDisk.mount(65_536)
if (!disk) console.log('skipped: this user cannot mount a small disk')

let server: ServerProcess
let app: AblyApp
const kept: string[] = []
const refusals = new Map<string, number>()
let echoes = 0
let worstMs = 0
const over = new AbortController()

beforeAll(async () => {
  if (!disk) return
  const flags = ['--sandbox', '--data', join(disk.path, 'data'), '--key-rate', '0']
  server = await ServerProcess.start([...flags, '--history-disk-mb', '0'])
  app = await AblyApp.make(server.url, [], [{ id: 'kept', persisted: true }])
})
afterAll(async () => {
  await server?.end()
  disk?.unmount()
})

async function publish(who: number): Promise<void> {
  for (let n = 0; !over.signal.aborted; n++) {
    const name = `${who}-${n}`
    const { body, status } = await app.ask<Partial<ErrorBody>>('/channels/kept:room/messages', {
      body: { name, data: PADDING },
    })
    if (status === 201) kept.push(name)
    else {
      const why = `${status} ${body.error?.code}`
      refusals.set(why, (refusals.get(why) ?? 0) + 1)
    }
    await Bun.sleep(5)
  }
}

async function echo(): Promise<void> {
  const [ann, bob] = [
    await Client.join(`${server.sockets}lobby`),
    await Client.join(`${server.sockets}lobby`),
  ]
  for (; !over.signal.aborted; echoes++) {
    const word = `word-${echoes}`
    const from = performance.now()
    ann.sendJson(word)
    await bob.message(word)
    worstMs = Math.max(worstMs, performance.now() - from)
    await Bun.sleep(5)
  }
  for (const client of [ann, bob]) client.close()
}

test.skipIf(!disk)(
  'nothing that was acknowledged is missing',
  async () => {
    const work = [echo(), ...Array.from({ length: PUBLISHERS }, (_, who) => publish(who))]
    for (let round = 0; round < ROUNDS; round++) {
      await Bun.sleep(FREE_MS)
      disk!.fill(0)
      await Bun.sleep(FULL_MS)
      disk!.clear()
    }
    await Bun.sleep(FREE_MS)
    over.abort()
    await Promise.all(work)
    const refused = [...refusals].map(([why, count]) => `${count} × ${why}`).join(', ')
    console.log(
      `the disk full ${ROUNDS} times: ${kept.length} kept, refused ${refused}; ${echoes} echoes, the worst after ${worstMs.toFixed(1)} ms`,
    )
    expect(kept.length).toBeGreaterThan(100)
    expect([...refusals.keys()]).toEqual(['500 50000'])
    await expectKept()
    // And after a restart on what is left.
    server.signal('SIGTERM')
    expect(await server.exited()).toBe(0)
    const flags = ['--sandbox', '--data', join(disk!.path, 'data'), '--key-rate', '0']
    server = await ServerProcess.start([...flags, '--port', new URL(app.url).port])
    await expectKept()
  },
  60_000,
)

async function expectKept(): Promise<void> {
  const pages = await app.pages<{ name: string }>(
    '/channels/kept%3Aroom/messages?direction=forwards&limit=1000',
  )
  const found = pages.flat().map(({ name }) => name)
  expect(new Set(found).size).toBe(found.length)
  const there = new Set(found)
  expect(kept.filter((name) => !there.has(name))).toEqual([])
}
