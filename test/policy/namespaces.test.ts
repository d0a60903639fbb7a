/** Longest-match lookup: the documented table, and agreement with a naive search. */
import { describe, expect, test } from 'bun:test'
import fc from 'fast-check'
import { NamespaceIndex, isBoundary } from '../../src/policy/namespaces.ts'

interface Found {
  readonly best: string
  readonly parent: string | undefined
  readonly exact: boolean
}

/** Sorts all that cover the channel by length and takes the longest two. */
function naiveMatch(names: Iterable<string>, channel: string): Found | undefined {
  const covering = [...names]
    .filter((name) => channel === name || /^[:/]/.test(channel.slice(name.length)))
    .filter((name) => channel.startsWith(name))
    .toSorted((a, b) => b.length - a.length)
  const [best, parent] = covering
  return best === undefined ? undefined : { best, parent, exact: best === channel }
}

function indexOf(names: readonly string[], seed = 0): NamespaceIndex<string> {
  const index = new NamespaceIndex<string>(seed)
  for (const name of names) index.set(name, name)
  return index
}

describe('the documented table', () => {
  const index = indexOf(['acme', 'acme/vault'])

  test.each<[string, string | undefined, string | undefined, boolean]>([
    ['acme', 'acme', undefined, true],
    ['acme/x', 'acme', undefined, false],
    ['acme:x', 'acme', undefined, false],
    ['acme/vault', 'acme/vault', 'acme', true],
    ['acme/vault/r1', 'acme/vault', 'acme', false],
    ['acme/vault:r1', 'acme/vault', 'acme', false],
    ['acme/vaulted', 'acme', undefined, false],
    ['acme:vault', 'acme', undefined, false],
    ['acmes:x', undefined, undefined, false],
    ['other', undefined, undefined, false],
    ['acme:', 'acme', undefined, false],
    ['acme//x', 'acme', undefined, false],
    ['/acme', undefined, undefined, false],
    ['', undefined, undefined, false],
    [':', undefined, undefined, false],
    ['Acme', undefined, undefined, false],
  ])('N-2 %j is covered by %j, under %j', (channel, best, parent, exact) => {
    expect(index.match(channel)).toEqual(best === undefined ? undefined : { best, parent, exact })
  })
})

describe('the index', () => {
  test('only colon and slash are boundaries', () => {
    const found = Array.from({ length: 0x10000 }, (_, code) => code).filter(isBoundary)
    expect(found.map((code) => String.fromCharCode(code))).toEqual(['/', ':'])
  })

  test('a value can be replaced and removed', () => {
    const index = new NamespaceIndex<number>()
    index.set('a', 1)
    index.set('a', 2)
    expect([index.size, [...index.values()], index.match('a:b')?.best]).toEqual([1, [2], 2])
    expect(index.delete('a')).toBe(true)
    expect(index.delete('a')).toBe(false)
    expect([index.size, [...index.values()], index.match('a')]).toEqual([0, [], undefined])
  })

  test('removing a parent keeps its children, and the other way round', () => {
    const index = indexOf(['a', 'a:b', 'a:b:c'])
    index.delete('a')
    expect(index.match('a')).toBeUndefined()
    expect(index.match('a:b:c:d')).toEqual({ best: 'a:b:c', parent: 'a:b', exact: false })
    index.set('a', 'a')
    index.delete('a:b:c')
    expect(index.match('a:b:c:d')).toEqual({ best: 'a:b', parent: 'a', exact: false })
  })

  test('agrees with a naive search after any sequence of changes', () => {
    const name = fc.string({ unit: fc.constantFrom('a', 'b', ':', '/'), maxLength: 6 })
    const step = fc.record({ add: fc.boolean(), name })
    fc.assert(
      fc.property(
        fc.array(step, { maxLength: 60 }),
        fc.array(name, { minLength: 1, maxLength: 20 }),
        fc.integer(),
        (steps, channels, seed) => {
          const index = new NamespaceIndex<string>(seed)
          const reference = new Set<string>()
          for (const { add, name: wanted } of steps) {
            if (add) {
              index.set(wanted, wanted)
              reference.add(wanted)
            } else {
              expect(index.delete(wanted)).toBe(reference.delete(wanted))
            }
          }
          expect(index.size).toBe(reference.size)
          expect([...index.values()].toSorted()).toEqual([...reference].toSorted())
          for (const channel of [...channels, ...reference]) {
            expect(index.match(channel)).toEqual(naiveMatch(reference, channel)!)
          }
        },
      ),
      { numRuns: 400 },
    )
  })

  test('agrees with a naive search for any characters, surrogates included', () => {
    const unit = fc.oneof(fc.constantFrom(':', '/'), fc.string({ unit: 'binary', maxLength: 3 }))
    const name = fc.array(unit, { maxLength: 5 }).map((parts) => parts.join(''))
    fc.assert(
      fc.property(fc.array(name, { maxLength: 12 }), fc.array(name), (names, channels) => {
        const index = indexOf(names)
        for (const channel of [...channels, ...names.map((n) => `${n}:x`)]) {
          expect(index.match(channel)).toEqual(naiveMatch(new Set(names), channel)!)
        }
      }),
    )
  })

  test('is correct with many thousands of names', () => {
    const names = Array.from({ length: 20_000 }, (_, i) => `n${i}${i % 3 === 0 ? ':sub' : ''}`)
    const index = indexOf(names, 12345)
    expect(index.size).toBe(20_000)
    for (const [i, name] of names.entries()) {
      expect(index.match(`${name}/x`)?.best).toBe(name)
      if (i % 2 === 0) index.delete(name)
    }
    expect(index.size).toBe(10_000)
    expect(index.match('n2')).toBeUndefined()
    expect(index.match('n9:sub')?.best).toBe('n9:sub')
    expect(index.match('n9')).toBeUndefined()
  })
})
