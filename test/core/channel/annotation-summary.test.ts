/** What annotations come to, for each way of summarizing and any sequence of them. */
import { describe, expect, test } from 'bun:test'
import fc from 'fast-check'
import { SummaryState } from '../../../src/core/channel/annotation-summary.ts'
import {
  MAX_COUNT,
  needsClientId,
  summaryMethod,
} from '../../../src/core/channel/annotation-tally.ts'
import type { Annotation } from '../../../src/core/types.ts'

type Given = Partial<Pick<Annotation, 'action' | 'type' | 'name' | 'clientId' | 'count'>>

const annotation = (given: Given): Annotation => ({
  action: 'create',
  id: 'a',
  serial: '2',
  messageSerial: '1',
  type: 'like:total.v1',
  name: undefined,
  clientId: undefined,
  count: undefined,
  data: undefined,
  encoding: undefined,
  extras: undefined,
  timestamp: 1,
  ...given,
})

const summaryOf = (...given: Given[]): unknown =>
  JSON.parse(SummaryState.from(given.map(annotation)).toJson())

describe('a type', () => {
  test.each([
    ['a:total.v1', 'total', false],
    ['a:b:flag.v1', 'flag', true],
    ['a:distinct.v1', 'distinct', true],
    ['a:unique.v1', 'unique', true],
    ['a:multiple.v1', 'multiple', false],
    ['com.ably.reactions', undefined, false],
    ['flag.v1', undefined, false],
    ['a:flag.v2', undefined, false],
    ['a:flag.v1.', undefined, false],
  ])('%s is summarized by %s', (type, method, isIdentified) => {
    expect<string | undefined>(summaryMethod(type)).toBe(method)
    expect(needsClientId(type)).toBe(isIdentified)
  })

  test('without a method is not summarized', () => {
    const state = new SummaryState()
    expect(state.apply(annotation({ type: 'com.ably.reactions', clientId: 'a' }))).toBe(false)
    expect(state.toJson()).toBe('{}')
  })
})

describe('methods', () => {
  const remove = { action: 'delete' } as const

  test('total counts annotations of all clients', () => {
    const type = 'like:total.v1'
    expect(summaryOf({ type }, { type, clientId: 'a' }, { type, clientId: 'a' })).toEqual({
      [type]: { total: 3 },
    })
    expect(summaryOf({ type }, { type, ...remove, clientId: 'b' })).toEqual({
      [type]: { total: 0 },
    })
    expect(summaryOf({ type, ...remove }, { type })).toEqual({ [type]: { total: 1 } })
  })

  test('flag counts each client once', () => {
    const type = 'seen:flag.v1'
    const [a, b] = [
      { type, clientId: 'a' },
      { type, clientId: 'b', name: 'ignored' },
    ]
    const flags = (...clientIds: string[]) => ({
      [type]: { total: clientIds.length, clientIds, clipped: false },
    })
    expect(summaryOf(a, b, a, { type })).toEqual(flags('a', 'b'))
    expect(summaryOf(a, b, { ...a, ...remove })).toEqual(flags('b'))
    expect(summaryOf(a, { ...a, ...remove })).toEqual(flags())
  })

  test('distinct counts clients by name', () => {
    const type = 'emoji:distinct.v1'
    const a = { type, clientId: 'a' }
    expect(
      summaryOf({ ...a, name: '👍' }, { ...a, name: '1' }, { type, clientId: 'b', name: '👍' }, a),
    ).toEqual({
      [type]: {
        '👍': { total: 2, clientIds: ['a', 'b'], clipped: false },
        '1': { total: 1, clientIds: ['a'], clipped: false },
      },
    })
    expect(summaryOf({ ...a, name: 'x' }, { ...a, ...remove, name: 'x' })).toEqual({ [type]: {} })
  })

  test('unique counts a client under the last name it gave', () => {
    const type = 'vote:unique.v1'
    const a = { type, clientId: 'a' }
    const votes = { y: { total: 1, clientIds: ['a'], clipped: false } }
    expect(summaryOf({ ...a, name: 'x' }, { ...a, name: 'y' })).toEqual({ [type]: votes })
    const other = { ...a, ...remove, name: 'x' }
    expect(summaryOf({ ...a, name: 'x' }, { ...a, name: 'y' }, other)).toEqual({ [type]: votes })
    expect(summaryOf({ ...a, name: 'x' }, { ...a, ...remove })).toEqual({ [type]: {} })
  })

  test('multiple adds up counts, by client and for anonymous ones', () => {
    const type = 'clap:multiple.v1'
    const a = { type, clientId: 'a', name: 'x' }
    const all = [{ ...a, count: 3 }, a, { ...a, clientId: 'b' }, { type, name: 'x', count: 2 }]
    const value = {
      total: 7,
      clientIds: { a: 4, b: 1 },
      totalUnidentified: 2,
      clipped: false,
      totalClientIds: 2,
    }
    expect(summaryOf(...all)).toEqual({ [type]: { x: value } })
    expect(summaryOf(...all, { ...a, ...remove })).toEqual({
      [type]: { x: { ...value, total: 3, clientIds: { b: 1 }, totalClientIds: 1 } },
    })
    expect(summaryOf(...all, { type, name: 'x', ...remove })).toEqual({ [type]: { x: value } })
  })

  test.each([0, -1, 0.5, NaN, Infinity])('multiple takes %p for no count', (count) => {
    expect(summaryOf({ type: 'clap:multiple.v1', name: 'x', clientId: 'a', count })).toEqual({})
  })

  test('multiple bounds what one annotation adds', () => {
    const type = 'clap:multiple.v1'
    expect(summaryOf({ type, name: 'x', count: 1e300 })).toMatchObject({
      [type]: { x: { total: MAX_COUNT } },
    })
  })

  test('names and client ids may be any text', () => {
    const type = '__proto__:distinct.v1'
    const text = SummaryState.from([
      annotation({ type, name: '__proto__', clientId: '"\ud800' }),
    ]).toJson()
    expect(text).toBe(
      `{"${type}":{"__proto__":{"total":1,"clientIds":["\\"\\ud800"],"clipped":false}}}`,
    )
  })
})

interface Value {
  readonly total: number
  readonly clientIds?: string[] | Record<string, number>
  readonly clipped?: boolean
  readonly totalUnidentified?: number
  readonly totalClientIds?: number
}
type Summary = Record<string, Record<string, Value>>

const CLIENTS = ['a', 'b', 'c', 'désirée']
const NAMES = ['x', 'y', '2']
const METHODS = ['total', 'flag', 'distinct', 'unique', 'multiple'] as const

/** Model: what each client has under each name, by its last annotation. */
function expected(all: readonly Annotation[], method: string): Record<string, Value> {
  const values: Record<string, Value> = {}
  for (const name of NAMES) {
    const counts = new Map<string | undefined, number>()
    for (const clientId of [...CLIENTS, undefined]) {
      const own = all.filter((item) => item.clientId === clientId)
      const ofName = own.filter((item) => item.name === name)
      const last = ofName.findLastIndex(
        (item) => item.action === 'delete' && clientId !== undefined,
      )
      const since = ofName.slice(last + 1).filter((item) => item.action === 'create')
      const isElsewhere =
        method === 'unique' && own.findLast((item) => item.action === 'create')?.name !== name
      if (since.length === 0 || isElsewhere) continue
      const sum = since.reduce((total, { count }) => total + (count ?? 1), 0)
      counts.set(clientId, method === 'multiple' ? sum : 1)
    }
    if (counts.size > 0) values[name] = valueOf(counts, method)
  }
  return values
}

function valueOf(counts: ReadonlyMap<string | undefined, number>, method: string): Value {
  const total = [...counts.values()].reduce((sum, count) => sum + count, 0)
  const clients = [...counts].filter(([clientId]) => clientId !== undefined)
  if (method !== 'multiple')
    return { total, clientIds: clients.map(([clientId]) => clientId!), clipped: false }
  return {
    total,
    clientIds: Object.fromEntries(clients),
    totalUnidentified: counts.get(undefined) ?? 0,
    clipped: false,
    totalClientIds: clients.length,
  }
}

function unordered(summary: Summary): unknown {
  return JSON.parse(JSON.stringify(summary), (key, value) =>
    key === 'clientIds' && Array.isArray(value) ? value.sort() : value,
  )
}

const method = fc.constantFrom(...METHODS)
const someAnnotation = (methods: fc.Arbitrary<string>) =>
  fc
    .record({
      action: fc.constantFrom('create' as const, 'create' as const, 'delete' as const),
      method: methods,
      name: fc.constantFrom(...NAMES),
      clientId: fc.constantFrom(...CLIENTS, undefined),
      count: fc.constantFrom(undefined, 1, 2, 5),
    })
    .map(({ method: by, ...given }) => annotation({ ...given, type: `t:${by}.v1` }))
const annotations = fc.array(someAnnotation(method), { maxLength: 40 })
const copies = (all: readonly Annotation[], count: number) =>
  all.flatMap((item) =>
    Array.from({ length: count }, (_, i) => ({
      ...item,
      clientId: item.clientId === undefined ? undefined : `${item.clientId}${i}`,
      name: `${item.name}${i % 7}`,
    })),
  )

describe('any annotations', () => {
  test('have the same summary one by one as together, and every change is reported', () => {
    fc.assert(
      fc.property(annotations, (all) => {
        const state = new SummaryState()
        all.forEach((item, i) => {
          const before = state.toJson()
          const hasChanged = state.apply(item)
          expect(state.toJson() !== before).toBe(hasChanged)
          expect(state.toJson()).toBe(SummaryState.from(all.slice(0, i + 1)).toJson())
        })
      }),
    )
  })

  test.each(['distinct', 'unique', 'multiple'])(
    '%s counts exactly the annotations that are there',
    (by) => {
      fc.assert(
        fc.property(fc.array(someAnnotation(fc.constant(by)), { maxLength: 40 }), (all) => {
          const identified =
            by === 'multiple' ? all : all.filter((item) => item.clientId !== undefined)
          const summary = JSON.parse(SummaryState.from(all).toJson()) as Summary
          expect(unordered({ t: summary[`t:${by}.v1`] ?? {} })).toEqual(
            unordered({ t: expected(identified, by) }),
          )
        }),
        { numRuns: 300 },
      )
    },
  )

  test('have the same summary however clients are interleaved', () => {
    const order = fc.array(fc.nat(CLIENTS.length - 1), { minLength: 60, maxLength: 60 })
    fc.assert(
      fc.property(annotations, order, (all, turns) => {
        // A total does not know clients, so an annotation has to be added before it is deleted.
        const valid = all.filter(
          (item) =>
            item.clientId !== undefined &&
            (item.action === 'create' || !item.type.includes('total')),
        )
        const queues = CLIENTS.map((clientId) => valid.filter((item) => item.clientId === clientId))
        const mixed = turns.flatMap((turn) => queues[turn]!.splice(0, 1)).concat(...queues)
        const text = (given: readonly Annotation[]) =>
          unordered(JSON.parse(SummaryState.from(given).toJson()) as Summary)
        expect(text(mixed)).toEqual(text(valid))
      }),
    )
  })

  test('fit into any number of bytes, with exact totals and clipped lists marked', () => {
    fc.assert(
      fc.property(annotations, fc.integer({ min: 2, max: 3_000 }), (some, maxBytes) => {
        const state = SummaryState.from(copies(some, 20))
        const text = state.toJson(maxBytes)
        expect(Buffer.byteLength(text)).toBeLessThanOrEqual(maxBytes)
        const full = JSON.parse(state.toJson(1e9)) as Summary
        for (const [type, ofType] of Object.entries(JSON.parse(text) as Summary)) {
          const isNamed = !/total|flag/.test(type)
          for (const [name, value] of isNamed ? Object.entries(ofType) : [['', ofType] as const]) {
            const whole = (isNamed ? full[type]![name] : full[type]) as unknown as Value
            const { clientIds, clipped, ...totals } = value as unknown as Value
            expect(whole).toMatchObject(totals)
            if (clientIds === undefined) continue
            const cut = Object.keys(whole.clientIds!).length > Object.keys(clientIds).length
            expect(clipped).toBe(cut)
            if (!cut) expect(clientIds).toEqual(whole.clientIds!)
          }
        }
      }),
    )
  })
})

describe('large summaries', () => {
  test('a list that is too long is clipped, and a short one beside it is not', () => {
    const many = Array.from({ length: 5_000 }, (_, i) =>
      annotation({ type: 'a:flag.v1', clientId: `client${i}` }),
    )
    const few = annotation({ type: 'b:flag.v1', clientId: 'x' })
    const state = SummaryState.from([...many, few])
    const text = state.toJson(4_096)
    expect(text.length).toBeGreaterThan(4_000)
    const summary = JSON.parse(text) as Record<string, Value>
    expect(summary['a:flag.v1']).toMatchObject({ total: 5_000, clipped: true })
    expect(summary['b:flag.v1']).toEqual({ total: 1, clientIds: ['x'], clipped: false })
    expect(state.size).toBe(5_001 + 4)
  })

  test('the names with the smallest totals go first', () => {
    const names = Array.from({ length: 200 }, (_, i) =>
      annotation({ type: 'a:multiple.v1', name: `n${i}`, count: i + 1 }),
    )
    const summary = JSON.parse(SummaryState.from(names).toJson(1_000)) as Summary
    const kept = Object.keys(summary['a:multiple.v1']!)
    expect(kept.length).toBeGreaterThan(5)
    expect(kept).toEqual(Array.from({ length: kept.length }, (_, i) => `n${200 - kept.length + i}`))
  })

  test('names beyond the bound are dropped, and the others still counted', () => {
    const state = new SummaryState()
    const named = (name: string) => annotation({ type: 'a:multiple.v1', name, clientId: 'a' })
    for (let i = 0; i < 9_999; i++) expect(state.apply(named(`n${i}`))).toBe(true)
    const full = state.size
    expect(state.apply(named('one more'))).toBe(false)
    expect(state.apply(annotation({ type: 'other:total.v1' }))).toBe(false)
    expect(state.size).toBe(full)
    expect(state.apply(named('n0'))).toBe(true)
    expect(state.apply({ ...named('n0'), action: 'delete' })).toBe(true)
    expect(state.apply(named('one more'))).toBe(true)
  })
})
