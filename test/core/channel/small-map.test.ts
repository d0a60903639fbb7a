/** A small map behaves like a Map with no, one and several entries. */
import { expect, test } from 'bun:test'
import fc from 'fast-check'
import { SmallMap } from '../../../src/core/channel/small-map.ts'

const key = fc.constantFrom('a', 'b', 'c')
const change = fc.oneof(
  fc.record({ kind: fc.constant('set' as const), key, value: fc.nat(9) }),
  fc.record({ kind: fc.constant('delete' as const), key }),
  fc.record({ kind: fc.constant('clear' as const) }),
)

test('behaves like a Map', () => {
  fc.assert(
    fc.property(fc.array(change), (changes) => {
      const small = new SmallMap<number>()
      const map = new Map<string, number>()
      for (const one of changes) {
        for (const each of [small, map]) {
          if (one.kind === 'set') each.set(one.key, one.value)
          else if (one.kind === 'delete') each.delete(one.key)
          else each.clear()
        }
        expect([...small]).toEqual([...map])
        expect([...small.keys()]).toEqual([...map.keys()])
        expect(small.values()).toEqual([...map.values()])
        expect(small.size).toBe(map.size)
        for (const name of ['a', 'b', 'c']) {
          expect(small.get(name)).toBe(map.get(name))
          expect(small.has(name)).toBe(map.has(name))
        }
      }
    }),
  )
})

test('allows removal during iteration', () => {
  for (const names of [['a'], ['a', 'b', 'c']]) {
    const small = new SmallMap<number>()
    for (const name of names) small.set(name, 1)
    const seen: string[] = []
    for (const [name] of small) {
      seen.push(name)
      small.delete(name)
    }
    expect(seen).toEqual(names)
    expect(small.size).toBe(0)
  }
})
