/** Cases of histories: pages in both directions, within bounds, of messages and of presence. */
import { describe, expect, test } from 'bun:test'
import type { Page } from '../../src/core/history/history.ts'
import { type HistoryBench, FORWARDS, walk } from './history-bench.ts'
import { NOW } from './history-entries.ts'

export function pageCases(bench: HistoryBench): void {
  describe('pages', () => {
    let times: number[]
    let inOrder: string[]
    const fill = async (count: number) => {
      bench.begin()
      times = Array.from({ length: count }, (_, i) => NOW - 1000 + i * 10)
      const made = times.map((timestamp) => bench.entries.message({ timestamp }))
      await Promise.all(made.map((entry) => bench.append(entry)))
      inOrder = made.map(({ message }) => message.serial)
    }

    test.each([
      [6, 2, [2, 2, 2]],
      [5, 2, [2, 2, 1]],
      [1, 1, [1]],
      [3, 5, [3]],
      [3, 1, [1, 1, 1]],
    ])('%i items in pages of %i', async (count, limit, sizes) => {
      await fill(count)
      for (const direction of ['forwards', 'backwards'] as const) {
        const found: number[] = []
        const read = (page: Page) => {
          const slice = bench.history.messages(bench.channel, page)
          found.push(slice.items.length)
          return slice
        }
        const all = walk(read, { direction, limit }).map(({ serial }) => serial)
        expect(all).toEqual(direction === 'forwards' ? inOrder : inOrder.toReversed())
        expect(found).toEqual(sizes)
      }
    })

    test('end early where they would hold too much, but not before one item', async () => {
      bench.begin()
      const sizes = [10, 5000, 5000, 20_000, 10, 10]
      const made = sizes.map((size) => bench.entries.message({ data: 'x'.repeat(size) }))
      await Promise.all(made.map((entry) => bench.append(entry)))
      const found: number[] = []
      const read = (page: Page) => {
        const slice = bench.history.messages(bench.channel, page)
        found.push(slice.items.length)
        expect(slice.items.length === 1 || slice.bytes <= 8000).toBe(true)
        return slice
      }
      const all = walk(read, { ...FORWARDS, maxBytes: 8000 })
      expect(all.map(({ serial }) => serial)).toEqual(made.map(({ message }) => message.serial))
      expect(found).toEqual([2, 1, 1, 2])
      expect(bench.serials()).toHaveLength(sizes.length)
    })

    test('go on where they were when more has come', async () => {
      await fill(4)
      const newest = bench.slice({ direction: 'backwards', limit: 2 })
      const oldest = bench.slice({ limit: 3 })
      const later = bench.entries.messages({}, {})
      await bench.append(...later)
      const back = bench.slice({ direction: 'backwards', limit: 2, after: newest.next })
      expect(back.items.map(({ serial }) => serial)).toEqual([inOrder[1]!, inOrder[0]!])
      expect(back.next).toBeUndefined()
      expect(bench.serials({ limit: 9, after: oldest.next })).toEqual([
        inOrder[3]!,
        ...later.map(({ message }) => message.serial),
      ])
    })

    test('times are inclusive at both ends', async () => {
      await fill(5)
      const [, second, third, fourth] = times
      expect(bench.serials({ start: second!, end: fourth! })).toEqual(inOrder.slice(1, 4))
      expect(bench.serials({ start: second! + 1, end: fourth! - 1 })).toEqual([inOrder[2]!])
      expect(bench.serials({ start: third!, end: third! })).toEqual([inOrder[2]!])
      expect(bench.serials({ start: third! + 1, end: fourth! - 1 })).toEqual([])
      expect(bench.serials({ start: fourth! })).toEqual(inOrder.slice(3))
      expect(bench.serials({ end: second! })).toEqual(inOrder.slice(0, 2))
      expect(bench.serials({ end: 0 })).toEqual([])
      expect(bench.serials({ start: NOW * 2 })).toEqual([])
    })

    test('times need not grow with the serials', async () => {
      bench.begin()
      const made = [30, 10, 50, 20, 40].map((offset) =>
        bench.entries.message({ timestamp: NOW - 1000 + offset }),
      )
      for (const entry of made) await bench.append(entry)
      const offsets = (page: Partial<Page>) =>
        bench.messages(page).map(({ timestamp }) => timestamp - NOW + 1000)
      expect(offsets({ start: NOW - 1000 + 20, end: NOW - 1000 + 40 })).toEqual([30, 20, 40])
      expect(offsets({ start: NOW - 1000 + 40 })).toEqual([50, 40])
      expect(offsets({ end: NOW - 1000 + 20, direction: 'backwards' })).toEqual([20, 10])
    })

    test('a page up to a position has all that stands at it', async () => {
      bench.begin()
      const published = [
        ...bench.entries.messages({}, {}),
        ...bench.entries.messages({}, {}, {}),
        ...bench.entries.messages({}, {}),
      ]
      await bench.append(...published)
      const inPlace = published.map(({ message }) => message.serial)
      const until = published[2]!.position
      expect(bench.serials({ until })).toEqual(inPlace.slice(0, 5))
      expect(bench.serials({ until, direction: 'backwards', limit: 2 })).toEqual([
        inPlace[4]!,
        inPlace[3]!,
      ])
      expect(bench.serials({ until, after: inPlace[2]! })).toEqual(inPlace.slice(3, 5))
      const beyond = { until, after: inPlace[6]!, direction: 'backwards' as const }
      expect(bench.serials(beyond)).toEqual(inPlace.slice(0, 5).toReversed())
      expect(bench.serials({ until: '00000000000000-000000@site' })).toEqual([])
      expect(bench.serials({ until: bench.entries.nextPosition() })).toEqual(inPlace)
    })

    test('all bounds hold together', async () => {
      await fill(8)
      const page: Page = {
        direction: 'backwards',
        limit: 2,
        start: times[1]!,
        end: times[6]!,
        until: inOrder[5]!.slice(0, -4),
      }
      const first = bench.history.messages(bench.channel, page)
      expect(first.items.map(({ serial }) => serial)).toEqual([inOrder[5]!, inOrder[4]!])
      const all = walk((part) => bench.history.messages(bench.channel, part), page)
      expect(all.map(({ serial }) => serial)).toEqual(inOrder.slice(1, 6).toReversed())
    })
  })

  describe('presence', () => {
    const clients = (page: Partial<Page> = {}) =>
      bench.history
        .presence(bench.channel, { ...FORWARDS, ...page })
        .items.map(({ clientId }) => clientId)

    test('is by position, then by index, and pages may end between two of one position', async () => {
      bench.begin()
      const first = bench.entries.presence({ clientId: 'a' }, { clientId: 'b' }, { clientId: 'c' })
      const second = bench.entries.presence({ clientId: 'd' }, { clientId: 'e' })
      await bench.append(...first)
      await bench.append(bench.entries.message(), ...second)
      expect(clients()).toEqual(['a', 'b', 'c', 'd', 'e'])
      expect(clients({ until: first[0]!.position })).toEqual(['a', 'b', 'c'])
      for (const [direction, wanted] of [
        ['forwards', ['a', 'b', 'c', 'd', 'e']],
        ['backwards', ['e', 'd', 'c', 'b', 'a']],
      ] as const) {
        const all = walk((page) => bench.history.presence(bench.channel, page), {
          direction,
          limit: 2,
        })
        expect(all.map(({ clientId }) => clientId)).toEqual([...wanted])
      }
    })

    test('has its own times', async () => {
      bench.begin()
      await bench.append(...bench.entries.presence({ clientId: 'a', timestamp: NOW - 20 }))
      await bench.append(...bench.entries.presence({ clientId: 'b', timestamp: NOW - 10 }))
      expect(clients({ start: NOW - 10 })).toEqual(['b'])
      expect(clients({ end: NOW - 11 })).toEqual(['a'])
    })

    test('is no message, and no message is presence', async () => {
      bench.begin()
      await bench.append(bench.entries.message(), ...bench.entries.presence())
      expect(bench.messages()).toHaveLength(1)
      expect(clients()).toHaveLength(1)
    })
  })
}
