/**
 * Other programs lock the databases again and again, and the process is killed in between: people who talk notice
 * nothing, whatever was acknowledged is there, and what could not be written was refused as something to try again.
 */
import { expect, test } from 'bun:test'
import { join } from 'node:path'
import { AblyApp } from '../support/ably-app.ts'
import { Client } from '../support/client.ts'
import { lock } from '../support/disk.ts'
import { RestartableServer } from '../support/restartable.ts'

const ROUNDS = 8
const PUBLISHERS = 6
const LOCKS = 6
const MAX_LOCK_MS = 400

interface Tally {
  /** Data that was acknowledged on the channel that is kept. */
  readonly kept: string[]
  readonly refusals: Map<number, number>
  /** Devices that were registered. */
  readonly devices: string[]
  echoes: number
  /** For whoever reads the output; nothing is decided by it. */
  worstEchoMs: number
}

test('locked databases delay no message and lose nothing acknowledged', async () => {
  const server = await RestartableServer.start(
    '--sandbox',
    '--connection-rate',
    '0',
    '--message-rate',
    '0',
    '--key-rate',
    '0',
  )
  const tally: Tally = { kept: [], refusals: new Map(), devices: [], echoes: 0, worstEchoMs: 0 }
  try {
    const app = await AblyApp.make(server.url, [], [{ id: 'kept', persisted: true }])
    for (let round = 0; round < ROUNDS; round++) {
      const over = new AbortController()
      const work = [
        ...Array.from({ length: PUBLISHERS }, (_, i) =>
          until(over.signal, (count) => publish(app, `${round}-${i}-${count}`, tally)),
        ),
        until(over.signal, (count) => register(app, `${round}-${count}`, tally)),
        echo(server, over.signal, tally),
      ]
      for (let i = 0; i < LOCKS; i++) {
        const name = Math.random() < 0.5 ? 'history.db' : 'latchkey.db'
        const held = await lock(join(server.folder, name), 'BEGIN IMMEDIATE')
        await Bun.sleep(Math.random() * MAX_LOCK_MS)
        // Killed while something waits for the lock, in every other round.
        if (i === LOCKS - 1 && round % 2 === 1) await server.kill()
        await held.release()
      }
      over.abort()
      await Promise.all(work)
      if (round % 2 === 1) await server.start()
      await check(app, tally)
    }
    const { echoes, kept, worstEchoMs } = tally
    console.log(
      `${kept.length} kept, ${echoes} echoes, the worst after ${worstEchoMs.toFixed(1)} ms`,
    )
    expect(kept.length).toBeGreaterThan(100)
    expect(echoes).toBeGreaterThan(100)
    // Whatever was refused is worth another try.
    expect([...tally.refusals.keys()].filter((status) => status !== 503)).toEqual([])
  } finally {
    await server.end()
  }
}, 110_000)

/** Again and again, until it is over or the server is gone. */
async function until(over: AbortSignal, act: (count: number) => Promise<void>): Promise<void> {
  for (let count = 0; !over.aborted; count++) {
    try {
      await act(count)
    } catch (error) {
      // A connection that ends is how a killed server answers; anything else is a finding.
      if (error instanceof TypeError || (error as { code?: string }).code !== undefined) return
      throw error
    }
  }
}

function refuse({ refusals }: Tally, status: number): void {
  refusals.set(status, (refusals.get(status) ?? 0) + 1)
}

async function publish(app: AblyApp, data: string, tally: Tally): Promise<void> {
  const { status } = await app.ask('/channels/kept:room/messages', { body: { data } })
  if (status === 201) tally.kept.push(data)
  else refuse(tally, status)
}

async function register(app: AblyApp, id: string, tally: Tally): Promise<void> {
  const recipient = { transportType: 'fcm', registrationToken: 'x' }
  const body = { id, formFactor: 'phone', platform: 'android', push: { recipient } }
  const { status } = await app.ask('/push/deviceRegistrations', { body })
  if (status === 201) tally.devices.push(id)
  else refuse(tally, status)
  await Bun.sleep(20)
}

async function echo(server: RestartableServer, over: AbortSignal, tally: Tally): Promise<void> {
  const client = await Client.join(`ws://127.0.0.1:${server.port}/c/lobby?echo=true`)
  const listener = await Client.join(`ws://127.0.0.1:${server.port}/c/lobby`)
  try {
    await until(over, async (count) => {
      const word = `${performance.now()} ${count}`
      const sentAt = performance.now()
      client.sendJson(word)
      await listener.message(word)
      tally.echoes++
      tally.worstEchoMs = Math.max(tally.worstEchoMs, performance.now() - sentAt)
      await Bun.sleep(5)
    })
  } catch {
    // The server was killed before the answer came.
    if (client.closed === undefined) throw new Error('an echo did not come')
  } finally {
    client.close()
    listener.close()
  }
}

async function check(app: AblyApp, { devices, kept }: Tally): Promise<void> {
  const found: string[] = []
  let path: string | undefined = '/channels/kept:room/messages?limit=1000&direction=forwards'
  while (path !== undefined) {
    const answer: { body: { data: string }[]; headers: Headers } = await app.ask(path)
    found.push(...answer.body.map(({ data }) => data))
    const next = /<\.?([^>]*)>;\s*rel="next"/.exec(answer.headers.get('link') ?? '')?.[1]
    path = next === undefined ? undefined : `/channels/kept:room${next.replace(/^\./, '')}`
  }
  expect(new Set(found).size).toBe(found.length)
  expect(kept.filter((data) => !found.includes(data))).toEqual([])
  for (const id of devices.slice(-20))
    expect((await app.ask(`/push/deviceRegistrations/${id}`)).status).toBe(200)
}
