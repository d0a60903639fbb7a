/** Names that may be reserved, and by whom (N-3, N-6, N-7). */
import { describe, expect, test } from 'bun:test'
import fc from 'fast-check'
import { NamespaceIndex } from '../../src/policy/namespaces.ts'
import {
  MAX_NAMESPACE_BYTES,
  coveringNames,
  decideOwnership,
  fold,
  namespaceFault,
} from '../../src/policy/reservation.ts'

describe('namespaceFault', () => {
  test.each([
    ['', 'it is empty'],
    [':', 'a part of it between : or / is empty'],
    ['a:', 'a part of it between : or / is empty'],
    ['/a', 'a part of it between : or / is empty'],
    ['a:/b', 'a part of it between : or / is empty'],
    ['a\u0000', 'it contains control characters'],
    ['a\u007Fb', 'it contains control characters'],
    ['a\u0085b', 'it contains control characters'],
    ['\uDC00', 'it is not valid Unicode'],
    ['x'.repeat(MAX_NAMESPACE_BYTES + 1), 'it is longer than 200 bytes'],
    ['☃'.repeat(67), 'it is longer than 200 bytes'],
  ])('N-7 %j: %s', (namespace, fault) => {
    expect(namespaceFault(namespace)).toBe(fault)
  })

  test.each(['a', 'a:b/c', 'größe', 'a b', '.', '%', '☃'.repeat(66), 'x'.repeat(200)])(
    'N-7 %j is valid',
    (namespace) => {
      expect(namespaceFault(namespace)).toBeUndefined()
    },
  )

  test('N-7 a valid name covers itself and never the empty channel', () => {
    fc.assert(
      fc.property(
        fc.string({ unit: fc.constantFrom('a', 'b', ':', '/'), maxLength: 8 }),
        (name) => {
          if (namespaceFault(name) !== undefined) return
          const index = new NamespaceIndex<string>()
          index.set(name, name)
          expect(index.match(name)?.exact).toBe(true)
          expect(index.match('')).toBeUndefined()
        },
      ),
    )
  })
})

describe('coveringNames', () => {
  test.each([
    ['a', ['a']],
    ['a:b', ['a', 'a:b']],
    ['a/b:c', ['a', 'a/b', 'a/b:c']],
  ])('%j is covered by %j', (namespace, names) => {
    expect(coveringNames(namespace)).toEqual(names)
  })

  test('equals the names that the index would match', () => {
    const name = fc.string({ unit: fc.constantFrom('a', ':', '/'), minLength: 1, maxLength: 8 })
    fc.assert(
      fc.property(name, name, (namespace, other) => {
        const index = new NamespaceIndex<string>()
        index.set(other, other)
        expect(index.match(namespace) !== undefined).toBe(coveringNames(namespace).includes(other))
      }),
    )
  })
})

describe('decideOwnership', () => {
  const at = (accountId: string, namespace: string) => ({ accountId, namespace })

  test.each([
    ['nobody near', [], { allowed: true, lookalikes: [] }],
    [
      'own names above and below',
      [at('me', 'a'), at('me', 'a:b:c')],
      { allowed: true, lookalikes: [] },
    ],
    ['the same name, mine', [at('me', 'a:b')], { allowed: false, failure: 'namespace_taken' }],
    [
      'the same name of another',
      [at('you', 'a:b')],
      { allowed: false, failure: 'namespace_taken' },
    ],
    ['another above', [at('you', 'a')], { allowed: false, failure: 'namespace_owned' }],
    ['another below', [at('you', 'a:b:c')], { allowed: false, failure: 'namespace_owned' }],
    [
      'another below mine',
      [at('me', 'a'), at('you', 'a:b:c')],
      { allowed: false, failure: 'namespace_owned' },
    ],
    ['another in capitals', [at('you', 'A:B')], { allowed: false, failure: 'namespace_owned' }],
    ['mine in capitals', [at('me', 'A:B')], { allowed: true, lookalikes: ['A:B'] }],
  ] as const)('N-3 N-6 %s', (_case, neighbours, verdict) => {
    expect(decideOwnership('me', 'a:b', neighbours)).toEqual(
      verdict as unknown as ReturnType<typeof decideOwnership>,
    )
  })

  test('N-6 folding ignores case and nothing else', () => {
    expect(fold('AcMe:Größe')).toBe(fold('acme:gröSSe'.replace('SS', 'ß')))
    expect(fold('a:b')).not.toBe(fold('a/b'))
  })
})
