/** Spellings of one name: what folds together, what stays apart, and what of it may be reserved. */
import { describe, expect, test } from 'bun:test'
import fc from 'fast-check'
import { FoldedNames, covers, foldName, linkedApp } from '../../src/policy/names.ts'
import { decideOwnership, namespaceFault, overruled } from '../../src/policy/reservation.ts'

const unit = fc.oneof(
  fc.constantFrom(':', '/', ' ', '[', '\u200B', '\u0301', '\uFF0F', '\u3000', 'e', '\u00A8'),
  fc.string({ unit: 'binary', minLength: 1, maxLength: 2 }),
)
const anyName = fc.array(unit, { maxLength: 8 }).map((parts) => parts.join(''))

describe('foldName', () => {
  test.each([
    ['composed later', 'cafe\u0301', 'caf\u00E9'],
    ['full-width letters', '\uFF43\uFF41f\u00E9', 'caf\u00E9'],
    ['a ligature', 'o\uFB03ce', 'office'],
    ['an angstrom sign', '\u212Bngstrom', '\u00C5ngstrom'],
    ['a zero-width space', 'ac\u200Bme', 'acme'],
    ['a byte order mark in front', '\uFEFFacme', 'acme'],
    ['a soft hyphen', 'ac\u00ADme', 'acme'],
    ['a right-to-left override', '\u202Eacme', 'acme'],
    ['a tag character', 'acme\u{E0061}', 'acme'],
    ['a variation selector', 'acme\uFE0F', 'acme'],
    ['a Hangul filler', 'ac\u3164me', 'acme'],
    ['a control character', 'ac\u0000me\u0085', 'acme'],
    ['half a pair', 'acme\uD800', 'acme'],
    ['a joiner between a letter and its mark', 'cafe\u200D\u0301', 'caf\u00E9'],
    ['spaces around a part', ' acme : room ', 'acme:room'],
    ['wide spaces around a part', '\u3000acme\u00A0/\u2003room', 'acme/room'],
    ['a space behind what is not seen', 'acme \u200B:x', 'acme:x'],
    ['a full-width colon', 'acme\uFF1Aroom', 'acme:room'],
    ['a full-width slash', 'acme\uFF0Froom', 'acme/room'],
    ['a space before a separator that was another character', 'acme \uFF0Froom', 'acme/room'],
    ['a full-width bracket', '\uFF3Bmeta]log', '[meta]log'],
  ])('%s', (_kind, spelled, name) => {
    expect(foldName(spelled)).toBe(name)
  })

  test.each(['acme', 'Acme', 'a b', 'caf\u00E9', '%61cme', 'a\\b', 'a;b', 'ac-me', '\u0430cme'])(
    '%j is a name of its own',
    (name) => expect(foldName(name)).toBe(name),
  )

  test('is idempotent', () => {
    fc.assert(
      fc.property(anyName, (name) => {
        const folded = foldName(name)
        expect(foldName(folded)).toBe(folded)
        expect(folded).not.toMatch(/[\p{Cc}\p{Cf}\p{Cs}]/u)
        for (const part of folded.split(/[:/]/)) expect(part.trim()).toBe(part)
      }),
      { numRuns: 1000 },
    )
  })

  test('bounds long runs of combining marks, at any size', () => {
    const few = `a${'\u0300\u0316'.repeat(15)}`
    for (const count of [15, 16, 1000, 500_000])
      expect(foldName(`a${'\u0300\u0316'.repeat(count)}`)).toBe(foldName(few))
    const joined = `a${'\u0300\u200D\u0316\u200D'.repeat(500_000)}`
    expect(foldName(joined)).toBe(foldName(few))
  })

  test('a reserved name covers all its spellings and what lies below them', () => {
    fc.assert(
      fc.property(anyName, anyName, (namespace, below) => {
        if (namespaceFault(namespace) !== undefined) return
        const names = new FoldedNames<string>()
        names.set(namespace, 'held')
        for (const form of ['NFC', 'NFD', 'NFKC', 'NFKD'] as const) {
          const spelled = namespace.normalize(form)
          for (const name of [spelled, `\u200B${spelled} `, `${spelled}:${below}`]) {
            expect(names.match(name)?.best).toBe('held')
            expect(covers(namespace, name)).toBe(true)
          }
        }
      }),
      { numRuns: 1000 },
    )
  })
})

describe('namespaceFault', () => {
  test.each([
    ['ac\u200Bme', 'it contains format characters, which nobody sees'],
    ['\u202Eacme', 'it contains format characters, which nobody sees'],
    [' acme', 'a part of it begins or ends with a space'],
    ['acme/\u3000x', 'a part of it begins or ends with a space'],
    ['acme :x', 'a part of it begins or ends with a space'],
    ['acme\uFF0Fx', 'a character in it stands for : or /, which must be written as such'],
    ['\u2100', 'a character in it stands for : or /, which must be written as such'],
    ['acme/\u3164', 'a part of it has no character that is seen'],
    ['[meta]log', 'it begins with [, as names of apps do that ask for something'],
    ['[x', 'it begins with [, as names of apps do that ask for something'],
    ['\uFF3Bmeta]', 'it begins with [, as names of apps do that ask for something'],
    ['\u115F[x', 'it begins with [, as names of apps do that ask for something'],
  ])('%j: %s', (namespace, fault) => {
    expect(namespaceFault(namespace)).toBe(fault)
  })

  test.each(['caf\u00E9', 'cafe\u0301', '\uFF43afe', 'acme/[x]', 'a [b]', '\u2764\uFE0F'])(
    '%j may be reserved',
    (namespace) => expect(namespaceFault(namespace)).toBeUndefined(),
  )
})

describe('ownership', () => {
  test('is decided for all spellings of a name', () => {
    const held = [{ accountId: 'you', namespace: 'caf\u00E9' }]
    expect(decideOwnership('me', 'cafe\u0301', held)).toEqual({
      allowed: false,
      failure: 'namespace_taken',
    })
    expect(decideOwnership('me', '\uFF43afe\u0301', held)).toMatchObject({ allowed: false })
  })
})

describe('overruled', () => {
  const at = (createdAt: number, accountId: string, namespace: string) => ({
    id: `${createdAt}${namespace}`,
    accountId,
    namespace,
    createdAt,
  })
  const names = (held: ReturnType<typeof at>[]) =>
    [...overruled(held)].map(([lost, holder]) => [lost.namespace, holder.namespace])

  test('the oldest of several spellings wins, also within one account', () => {
    const held = [at(3, 'a', 'caf\u00E9'), at(1, 'a', 'cafe\u0301'), at(2, 'b', '\uFF43afe\u0301')]
    expect(names(held)).toEqual([
      ['\uFF43afe\u0301', 'cafe\u0301'],
      ['caf\u00E9', 'cafe\u0301'],
    ])
  })

  test('a name below an older one of another account is overruled, below a newer one not', () => {
    const above = at(1, 'a', 'caf\u00E9')
    expect(names([above, at(2, 'b', 'cafe\u0301/x')])).toEqual([['cafe\u0301/x', 'caf\u00E9']])
    expect(names([at(3, 'a', 'caf\u00E9'), at(2, 'b', 'cafe\u0301/x')])).toEqual([])
    expect(names([above, at(2, 'a', 'cafe\u0301/x')])).toEqual([])
  })

  test('an overruled name overrules no other', () => {
    const held = [at(1, 'a', '\uFF43d'), at(2, 'b', 'cd'), at(3, 'a', 'cd/x')]
    expect(names(held)).toEqual([['cd', '\uFF43d']])
  })

  test('names of the same moment have a fixed winner', () => {
    const held = [at(1, 'a', 'cd'), at(1, 'b', '\uFF43d')]
    expect(names(held)).toEqual(names(held.toReversed()))
    expect(names(held)).toHaveLength(1)
  })
})

describe('linkedApp', () => {
  const linked = (namespace: string) => ({ namespace, options: { appId: 'app' } })

  test.each([
    ['acme', 'acme', 'app'],
    ['acme', 'acme/room', 'app'],
    ['acme', 'acme:\u200Broom', 'app'],
    ['acme', '\uFF41cme/room', undefined],
    ['acme', 'acme\u200B/room', undefined],
    ['acme', ' acme', undefined],
    ['acme', 'acme\uFF0Froom', undefined],
    ['[meta]log', '[meta]log', undefined],
    ['[meta]', '[meta]:x', undefined],
    ['\u200B[meta]log', '\u200B[meta]log', undefined],
    ['\uFF3Bmeta]log', '\uFF3Bmeta]log', undefined],
  ])('%j linked: %j is a channel of %s', (namespace, name, app) => {
    expect(linkedApp(linked(namespace), name)).toBe(app)
  })

  test('without a link or reservation a channel is one of the commons', () => {
    expect(linkedApp({ namespace: 'acme', options: {} }, 'acme')).toBeUndefined()
    expect(linkedApp(undefined, 'acme')).toBeUndefined()
  })
})
