/** Adding up statistics: in any order and grouping, with totals equal to the sum of their parts. */
import { describe, expect, test } from 'bun:test'
import fc from 'fast-check'
import { type Numbers, addTo, shown, totalsOf } from '../../src/stats/numbers.ts'
import { nestedNumbers } from '../../src/stats/record.ts'

const NAMES = [
  'messages.inbound.realtime.messages.count',
  'messages.inbound.realtime.presence.data',
  'messages.inbound.rest.messages.count',
  'messages.inbound.realtime.messages.category.delta.count',
  'messages.inbound.all.messages.count',
  'messages.outbound.realtime.messages.count',
  'messages.outbound.all.all.count',
  'messages.all.all.count',
  'messages.persisted.messages.count',
  'connections.tls.opened',
  'connections.plain.opened',
  'connections.all.peak',
  'connections.all.min',
  'connections.all.sum',
  'connections.all.samples',
  'channels.peak',
  'channels.opened',
  'apiRequests.other.succeeded',
  'apiRequests.tokenRequests.refused',
]

const minute = fc.dictionary(fc.constantFrom(...NAMES), fc.nat(1_000_000))
/** Minutes, split into groups in which they are added up first. */
const groups = fc.array(fc.array(minute, { maxLength: 6 }), { maxLength: 6 })

function total(records: readonly Numbers[]): Numbers {
  const sum: Numbers = {}
  for (const record of records) addTo(sum, record)
  return sum
}

describe('adding up', () => {
  test('gives the same however minutes are grouped', () => {
    fc.assert(
      fc.property(groups, (grouped) => {
        expect(total(grouped.map(total))).toEqual(total(grouped.flat()))
      }),
    )
  })

  test('gives the same in any order', () => {
    fc.assert(
      fc.property(fc.array(minute), (minutes) => {
        expect(total(minutes.toReversed())).toEqual(total(minutes))
      }),
    )
  })

  test('gives the sum of the shown numbers, except for levels and means', () => {
    const counted = fc.dictionary(
      fc.constantFrom(...NAMES.filter((name) => !/\.(peak|min|sum|samples)$/.test(name))),
      fc.nat(1_000_000),
    )
    fc.assert(
      fc.property(fc.array(counted), (minutes) => {
        expect(shown(total(minutes))).toEqual(total(minutes.map(shown)))
      }),
    )
  })

  test('keeps the highest peak and the lowest minimum', () => {
    const hour = total([
      { 'channels.peak': 3, 'channels.min': 2 },
      { 'channels.peak': 9, 'channels.min': 0 },
      { 'channels.opened': 4 },
    ])
    expect(hour).toEqual({ 'channels.peak': 9, 'channels.min': 0, 'channels.opened': 4 })
  })

  test('weighs means by their samples', () => {
    const hour = total([
      { 'channels.sum': 120, 'channels.samples': 60 },
      { 'channels.sum': 30, 'channels.samples': 15 },
      { 'channels.sum': 0, 'channels.samples': 5 },
    ])
    expect(shown(hour)).toEqual({ 'channels.mean': 150 / 80 })
  })
})

describe('totals', () => {
  test('include their parts and what belongs to no part', () => {
    expect(
      shown({
        'messages.inbound.realtime.messages.count': 5,
        'messages.inbound.realtime.presence.count': 2,
        'messages.inbound.rest.messages.count': 3,
        'messages.inbound.all.messages.count': 10,
        'messages.outbound.realtime.messages.count': 7,
        'messages.persisted.presence.count': 1,
      }),
    ).toEqual({
      'messages.inbound.realtime.messages.count': 5,
      'messages.inbound.realtime.presence.count': 2,
      'messages.inbound.realtime.all.count': 7,
      'messages.inbound.rest.messages.count': 3,
      'messages.inbound.rest.all.count': 3,
      'messages.inbound.all.messages.count': 18,
      'messages.inbound.all.presence.count': 2,
      'messages.inbound.all.all.count': 20,
      'messages.outbound.realtime.messages.count': 7,
      'messages.outbound.realtime.all.count': 7,
      'messages.outbound.all.messages.count': 7,
      'messages.outbound.all.all.count': 7,
      'messages.all.messages.count': 25,
      'messages.all.presence.count': 2,
      'messages.all.all.count': 27,
      'messages.persisted.presence.count': 1,
      'messages.persisted.all.count': 1,
    })
  })

  test('of requests include requests for tokens', () => {
    expect(
      shown({ 'apiRequests.other.succeeded': 50, 'apiRequests.tokenRequests.succeeded': 60 }),
    ).toMatchObject({ 'apiRequests.all.succeeded': 110 })
  })

  test('of peaks are not sums', () => {
    expect(totalsOf('connections.tls.peak')).toEqual(['connections.tls.peak'])
    expect(shown({ 'connections.tls.opened': 1, 'connections.plain.opened': 2 })).toMatchObject({
      'connections.all.opened': 3,
    })
  })

  test('leave out zeros', () => {
    expect(shown({ 'channels.min': 0, 'channels.sum': 0, 'channels.samples': 9 })).toEqual({})
  })
})

test('nested members of earlier versions have the same numbers', () => {
  const entries = shown({
    'messages.inbound.realtime.messages.count': 5,
    'messages.persisted.messages.data': 9,
    'connections.all.peak': 4,
    'channels.opened': 3,
    'apiRequests.other.failed': 2,
    'apiRequests.tokenRequests.failed': 1,
  })
  const five = { count: 5 }
  expect(nestedNumbers(entries)).toEqual({
    all: { messages: five, all: five },
    inbound: {
      realtime: { messages: five, all: five },
      all: { messages: five, all: five },
    },
    persisted: { messages: { data: 9 }, all: { data: 9 } },
    connections: { all: { peak: 4 } },
    channels: { opened: 3 },
    apiRequests: { failed: 2 },
    tokenRequests: { failed: 1 },
  })
})
