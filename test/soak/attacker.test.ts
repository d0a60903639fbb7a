/** A few levers of `attacker.ts`, and that nobody else on the server loses anything by them. How long it takes is not looked at. */
import { afterAll, beforeAll, expect, test } from 'bun:test'
import { existsSync } from 'node:fs'
import { LEVERS } from './attack/levers.ts'
import { pull } from './attack/run.ts'
import { checkoutProgram, Stage } from './attack/subject.ts'

const SECONDS = 1
/** Of a server that works; each of these levers once made it more than twice as much. */
const ALLOWED_BYTES = 700e6
const ALLOWED_LOG_BYTES = 200_000

/** Memory is read from the /proc of Linux. */
const isLinux = existsSync('/proc/self/status')

let stage: Stage
beforeAll(async () => {
  if (isLinux) stage = await Stage.make(checkoutProgram(`${import.meta.dir}/../..`))
})
afterAll(() => stage?.remove())

test
  .skipIf(!isLinux)
  .each(['unfinished-everywhere', 'pages-nobody-reads', 'members-by-many-names', 'refused-rest'])(
  '%s harms nobody',
  async (name) => {
    const lever = LEVERS.find((one) => one.name === name)!
    const { harms, logged, memory, outcomes } = await pull(stage, lever, SECONDS)
    expect(outcomes).not.toEqual({})
    expect(harms).toEqual([])
    expect(memory.most).toBeLessThan(ALLOWED_BYTES)
    expect(logged).toBeLessThan(ALLOWED_LOG_BYTES)
  },
  30_000,
)

test('levers have different names', () => {
  expect(new Set(LEVERS.map(({ name }) => name)).size).toBe(LEVERS.length)
})
