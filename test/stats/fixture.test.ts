/** Made-up statistics are shown exactly, and nothing is counted twice. */
import { describe, expect, test } from 'bun:test'
import fc from 'fast-check'
import { MAX_FIXTURES, readFixtures } from '../../src/stats/fixture.ts'
import { type Numbers, shown } from '../../src/stats/numbers.ts'
import { nestedNumbers } from '../../src/stats/record.ts'

const intervalId = '2025-02-03:15:05'

function entriesOf(record: object): Numbers {
  const read = readFixtures([{ intervalId, ...record }])
  if (!read.ok) throw new Error(read.failure.message)
  return shown(read.value[0]!.numbers)
}

test('the number of records at once is limited', () => {
  const records = (count: number) => Array.from({ length: count }, () => ({ intervalId }))
  expect(readFixtures(records(MAX_FIXTURES)).ok).toBe(true)
  expect(readFixtures(records(MAX_FIXTURES + 1)).ok).toBe(false)
})

const fifty = { count: 50, data: 5000 }
const nought = { count: 0, data: 0, failed: 0, refused: 0 }

describe('a record', () => {
  test('gets totals from its parts', () => {
    const entries = entriesOf({
      inbound: { realtime: { messages: { count: 70, data: 7000 } } },
      outbound: { realtime: { messages: { count: 40, data: 4000 } } },
      persisted: { presence: { count: 20, data: 2000 } },
      connections: { tls: { peak: 20, opened: 10 } },
      channels: { peak: 50, opened: 30 },
      apiRequests: { succeeded: 50, failed: 10 },
      tokenRequests: { succeeded: 60, failed: 20 },
    })
    expect(entries).toMatchObject({
      'messages.inbound.realtime.all.count': 70,
      'messages.inbound.all.messages.count': 70,
      'messages.outbound.all.all.data': 4000,
      'messages.all.messages.count': 110,
      'messages.all.all.data': 11_000,
      'messages.persisted.all.count': 20,
      'connections.all.peak': 20,
      'connections.all.opened': 10,
      'channels.peak': 50,
      'channels.opened': 30,
      'apiRequests.other.succeeded': 50,
      'apiRequests.tokenRequests.failed': 20,
      'apiRequests.all.succeeded': 110,
    })
  })

  test('separates deltas, also under each total', () => {
    const delta = { count: 10, data: 1000 }
    const entries = entriesOf({
      inbound: { realtime: { messages: { ...fifty, category: { delta } } } },
      processed: { delta: { xdelta: { succeeded: 10, skipped: 5, failed: 1 } } },
    })
    const types = {
      all: { ...fifty, category: { delta } },
      messages: { ...fifty, category: { delta } },
    }
    expect(nestedNumbers(entries)).toEqual({
      all: types,
      inbound: { all: types, realtime: types },
      processed: { delta: { xdelta: { succeeded: 10, skipped: 5, failed: 1 } } },
    })
    expect(entries).toMatchObject({
      'messages.inbound.all.all.category.delta.count': 10,
      'messages.processed.delta.xdelta.skipped': 5,
    })
  })

  test('with parts and totals counts no total twice', () => {
    const types = { all: fifty, messages: fifty, presence: nought }
    const record = {
      unit: 'minute',
      inProgress: '',
      count: 0,
      all: types,
      inbound: { all: types, realtime: types, rest: { all: nought, messages: nought } },
      connections: { all: { peak: 0 }, tls: { peak: 0 } },
      peakRates: { messages: 0 },
    }
    expect(nestedNumbers(entriesOf(record))).toEqual({
      all: { all: fifty, messages: fifty },
      inbound: {
        all: { all: fifty, messages: fifty },
        realtime: { all: fifty, messages: fifty },
      },
    })
  })

  test('with totals above their parts keeps the totals', () => {
    const entries = entriesOf({
      all: { all: { count: 100 } },
      inbound: { all: { all: { count: 9 } }, realtime: { messages: { count: 5 } } },
    })
    expect(entries).toEqual({
      'messages.inbound.realtime.messages.count': 5,
      'messages.inbound.realtime.all.count': 5,
      'messages.inbound.all.messages.count': 5,
      'messages.inbound.all.all.count': 9,
      'messages.all.messages.count': 5,
      'messages.all.all.count': 100,
    })
  })

  test('keeps a given mean', () => {
    fc.assert(
      fc.property(fc.double({ min: 0.001, max: 1e9, noNaN: true }), (mean) => {
        expect(entriesOf({ channels: { mean } })).toEqual({ 'channels.mean': mean })
      }),
    )
  })

  test('keeps given parts exactly', () => {
    const transport = fc.constantFrom('realtime', 'rest', 'webhook', 'push')
    const measures = fc.record({ count: fc.nat(), data: fc.nat(), refused: fc.nat() })
    const kinds = fc.record({ messages: measures, presence: measures })
    fc.assert(
      fc.property(fc.dictionary(transport, kinds), (inbound) => {
        const entries = entriesOf({ inbound })
        for (const [name, kind] of Object.entries(inbound)) {
          const path = `messages.inbound.${name}.messages.count`
          expect(entries[path] ?? 0).toBe(kind.messages.count)
        }
        const all = Object.values(inbound).map((kind) => kind.messages.data + kind.presence.data)
        const sum = all.reduce((one, other) => one + other, 0)
        expect(entries['messages.inbound.all.all.data'] ?? 0).toBe(sum)
      }),
    )
  })
})

describe('refused is', () => {
  test.each([
    ['a number that JavaScript has not', [{ intervalId, channels: { peak: 2 ** 53 } }]],
    ['no list', {}],
    ['nothing', undefined],
    ['a number in the list', [1]],
    ['null in the list', [null]],
    ['no interval', [{}]],
    ['an interval that is none', [{ intervalId: 'yesterday' }]],
    ['a number as interval', [{ intervalId: 1_710_000_000_000 }]],
    ['an hour', [{ intervalId: '2025-02-03:15' }]],
    ['text for a number', [{ intervalId, channels: { peak: '3' } }]],
    ['less than nothing', [{ intervalId, channels: { peak: -3 } }]],
    ['an infinite number', [{ intervalId, channels: { peak: Infinity } }]],
    ['an object for a number', [{ intervalId, inbound: { rest: { all: { count: {} } } } }]],
  ])('%s', (_case, value) => {
    expect(readFixtures(value)).toMatchObject({ ok: false, failure: { name: 'bad_request' } })
  })

  test('nothing else: unknown members are left out', () => {
    expect(entriesOf({ inbound: { pigeon: { messages: fifty } }, moon: 1, channels: 7 })).toEqual(
      {},
    )
  })
})
