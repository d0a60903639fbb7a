/** Lines that strangers can cause are bounded in number and in length, and tell how many were left out. */
import { expect, test } from 'bun:test'
import { Counters } from '../../src/core/counting/counters.ts'
import { failure } from '../../src/failure.ts'
import { BoundedLines } from '../../src/ops/bounded-lines.ts'
import { Faults } from '../../src/ops/faults.ts'
import { logger } from '../../src/ops/logs.ts'
import { Refusals } from '../../src/ops/refusals.ts'
import { testConfig } from '../support/server.ts'
import { ManualClock } from '../support/clocks.ts'

interface Line {
  readonly message: string
  readonly fields: Readonly<Record<string, unknown>>
}

function listener() {
  const lines: Line[] = []
  const note = (message: string, fields: Record<string, unknown>) =>
    void lines.push({ message, fields })
  const log = Object.assign(Object.create(logger('test')) as ReturnType<typeof logger>, {
    error: note,
    info: note,
    warn: note,
  })
  return { lines, log }
}

test('the number of dropped lines is logged with the next line, or at the end', () => {
  const clock = new ManualClock()
  const told: number[] = []
  const lines = new BoundedLines({ perSecond: 1, burst: 2 }, clock, (unlogged) =>
    told.push(unlogged),
  )
  const written: object[] = []
  for (let i = 0; i < 5; i++) lines.offer((leftOut) => written.push(leftOut))
  expect(written).toEqual([{}, {}])
  clock.advance(1000)
  lines.offer((leftOut) => written.push(leftOut))
  expect(written.at(-1)).toEqual({ unlogged: 3 })
  lines.offer(() => written.push({}))
  lines.flush()
  lines.flush()
  expect([written.length, told]).toEqual([3, [1]])
})

test('a repeated bug is logged a few times, with its stack', () => {
  const { lines, log } = listener()
  const clock = new ManualClock()
  const faults = new Faults(log, clock)
  for (let i = 0; i < 1000; i++) faults.bug(new Error('the same'))
  expect(lines).toHaveLength(20)
  expect(lines[0]!.message).toBe('unexpected error')
  expect(lines[0]!.fields['error']).toContain('bounded-lines.test')
  faults.fault('history cannot be kept', new Error('full'))
  faults.notice('something')
  faults.stop()
  expect(lines.at(-1)!.fields).toEqual({ unlogged: 982 })
})

test('a refusal quotes at most a few hundred characters of input', () => {
  const { lines, log } = listener()
  const refusals = new Refusals({
    counters: new Counters(),
    clock: new ManualClock(),
    log,
    config: testConfig({}),
    conceal: (text) => text,
  })
  for (let i = 0; i < 3; i++)
    refusals.record(failure('bad_channel'), { channel: 'x'.repeat(10_000), address: 'a' })
  expect(lines).toHaveLength(3)
  expect(String(lines[0]!.fields['channel'])).toHaveLength(301)
  expect(lines[0]!.fields['address']).toBe('a')
  expect(refusals.recent()).toMatchObject([{ count: 3 }])
})
