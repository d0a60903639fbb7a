/** What is applied comes to the same on every node, whatever its time, its settings and the order of its memory. */
import { deserialize, serialize } from 'bun:jsc'
import { afterAll, expect, test } from 'bun:test'
import fc from 'fast-check'
import { join } from 'node:path'
import type { Job } from '../support/replay/process.ts'
import { Node, type Replayed, type Surroundings, replayed } from '../support/replay/replay.ts'
import { type Step, steps } from '../support/replay/steps.ts'
import { KEEP_MS } from '../support/core-world.ts'
import { temporaryFolder } from '../support/server.ts'

const HERE: Surroundings = { clockSpeed: 1, opensFirst: false, batches: false, limits: 0 }
const LISTS = 150
const folder = temporaryFolder()
afterAll(() => folder.remove())

async function inProcess(job: Job, environment: Record<string, string>): Promise<Replayed[]> {
  const name = crypto.randomUUID()
  const [from, to] = [join(folder.path, name), join(folder.path, `${name}-done`)]
  await Bun.write(from, serialize(job))
  const script = join(import.meta.dir, '../support/replay/process.ts')
  const child = Bun.spawn([process.execPath, script, from, to], {
    env: { PATH: process.env['PATH'] ?? '', ...environment },
    stderr: 'pipe',
  })
  if ((await child.exited) !== 0) throw new Error(await new Response(child.stderr).text())
  return deserialize(await Bun.file(to).arrayBuffer()) as Replayed[]
}

test('two processes with other time zones, languages, clocks and settings come to the same', async () => {
  const lists = fc.sample(steps, LISTS)
  const [one, other] = await Promise.all([
    inProcess(
      { lists, surroundings: HERE, isTurned: false },
      { TZ: 'America/St_Johns', LANG: 'en_US.UTF-8', LC_ALL: 'en_US.UTF-8' },
    ),
    inProcess(
      {
        lists,
        surroundings: { clockSpeed: 0.001, opensFirst: true, batches: true, limits: 1 },
        isTurned: true,
      },
      { TZ: 'Asia/Kathmandu', LANG: 'tr_TR.UTF-8', LC_ALL: 'tr_TR.UTF-8', NODE_ENV: 'production' },
    ),
  ])
  expect(one).toHaveLength(LISTS)
  for (const [index, list] of lists.entries()) expect(other[index], show(list)).toEqual(one[index]!)
  const kinds = new Set(lists.flat().map(({ entry }) => entry.kind))
  expect(kinds.size).toBe(10)
  // A list of refusals would prove nothing.
  const outcomes = one.flatMap((replay) => replay.outcomes as ({ ok: boolean } | null)[])
  for (const isTaken of [true, false])
    expect(outcomes.filter((outcome) => outcome?.ok === isTaken).length).toBeGreaterThan(LISTS)
}, 60_000)

test('a channel that was restored goes on as the one that it was taken from', () => {
  fc.assert(
    fc.property(steps, fc.double({ min: 0, max: 1, noNaN: true }), (list, part) => {
      const middle = Math.ceil(part * (list.length - 1))
      const [before, after] = [list.slice(0, middle), list.slice(middle)]
      const original = new Node(HERE)
      original.apply(before)
      const taken = structuredClone(original.snapshots())
      // What is on disk by then is what another node that has applied the same has on its own.
      const same = new Node(HERE)
      same.apply(before)
      const restored = new Node(HERE, same.log)
      restored.restore(taken, before.at(-1)?.timestamp ?? 0)
      expect(restored.snapshots()).toEqual(taken)
      expect(restored.apply(after), show(list)).toEqual(original.apply(after))
      const end = list.at(-1)!.timestamp
      expect(remembered(restored, end)).toEqual(remembered(original, end))
    }),
    { numRuns: 300 },
  )
}, 60_000)

test('the same list comes to the same twice', () => {
  fc.assert(
    fc.property(steps, (list) => {
      expect(replayed(HERE, list)).toEqual(replayed(HERE, list))
    }),
  )
})

/**
 * What a channel has to remember at a time. A node may remember more: its memory is let go of in the order in which it
 * was filled, and what it was given last is not always the newest.
 */
function remembered(node: Node, now: number) {
  const since = now - KEEP_MS
  return node
    .snapshots()
    .map(({ events, ids, floor: _, ...state }) => [
      state,
      events.filter(({ timestamp }) => timestamp > since),
      ids.filter(([, , time]) => time > since),
    ])
}

const show = (list: readonly Step[]) => JSON.stringify(list)
