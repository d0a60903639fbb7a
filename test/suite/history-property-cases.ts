/** Cases of histories: any entries, on any pages, against a plain list. */
import { expect, test } from 'bun:test'
import fc from 'fast-check'
import type { HistoryEntry, Page } from '../../src/core/history/history.ts'
import { type HistoryBench, bare, walk } from './history-bench.ts'
import { type Entries, NOW } from './history-entries.ts'
import { HistoryModel } from './history-model.ts'

export function propertyCases(bench: HistoryBench): void {
  test('any entries give on any pages what a plain list of them gives', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 40 }), pages, async (steps, asked) => {
        bench.begin()
        const model = new HistoryModel()
        const kept: Promise<void>[] = []
        for (const one of steps) {
          const made = entriesFor(one, bench.entries, model)
          for (const entry of made) model.add(entry)
          kept.push(bench.history.append(bench.channel, made))
        }
        await Promise.all(kept)
        for (const page of asked) agree(pageFor(page, model), model)
      }),
      { numRuns: 60 },
    )
  })

  const agree = (page: Page, model: HistoryModel) => {
    expect(walk((part) => bench.history.messages(bench.channel, part), page)).toEqual(
      model.messages(page),
    )
    expect(walk((part) => bench.history.presence(bench.channel, part), page)).toEqual(
      model.presence(page),
    )
    for (const message of model.all) {
      const { serial } = message
      expect(bench.history.message(bench.channel, serial)).toEqual(message)
      const versions = walk((part) => bench.history.versions(bench.channel, serial, part), page)
      expect(bare(versions)).toEqual(bare(model.versions(serial, page)))
      const annotations = walk(
        (part) => bench.history.annotations(bench.channel, serial, part),
        page,
      )
      expect(annotations).toEqual(model.annotations(serial, page))
    }
  }
}

const offset = fc.integer({ min: 0, max: 30 })
const step = fc.record({
  kind: fc.constantFrom('message', 'presence', 'version', 'append', 'annotation'),
  count: fc.integer({ min: 1, max: 3 }),
  /** Which message is meant. */
  target: fc.nat(),
  offset,
  data: fc.option(fc.oneof(fc.string({ unit: 'binary', maxLength: 5 }), fc.uint8Array()), {
    nil: undefined,
  }),
})

const pages = fc.array(
  fc.record({
    direction: fc.constantFrom('forwards', 'backwards'),
    limit: fc.integer({ min: 1, max: 6 }),
    start: fc.option(offset, { nil: undefined }),
    end: fc.option(offset, { nil: undefined }),
    until: fc.option(fc.nat(), { nil: undefined }),
  }),
  { minLength: 1, maxLength: 3 },
)

type Step = typeof step extends fc.Arbitrary<infer T> ? T : never
type AskedPage = typeof pages extends fc.Arbitrary<(infer T)[]> ? T : never

const timeAt = (given: number) => NOW - 1000 + given

/** What a step appends; without a message there is nothing that could be changed. */
function entriesFor(one: Step, entries: Entries, model: HistoryModel): HistoryEntry[] {
  const { kind, count, data } = one
  const timestamp = timeAt(one.offset)
  const several = Array.from({ length: count }, () => ({ data, timestamp }))
  const target = model.all[one.target % model.all.length]
  if (kind === 'presence') return entries.presence(...several)
  if (kind === 'message' || !target) return entries.messages(...several)
  if (kind === 'annotation') return [entries.annotation(target, { data, timestamp })]
  return [entries.version(target, { data, at: timestamp, isListed: kind === 'version' })]
}

function pageFor({ direction, limit, start, end, until }: AskedPage, model: HistoryModel): Page {
  const target = model.all[(until ?? 0) % model.all.length]
  return {
    direction,
    limit,
    start: start === undefined ? undefined : timeAt(start),
    end: end === undefined ? undefined : timeAt(end),
    until: until === undefined ? undefined : target?.version.serial.slice(0, -4),
  }
}
