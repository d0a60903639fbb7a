/** Which of several claims about channels counts for one. */
import { describe, expect, test } from 'bun:test'
import fc from 'fast-check'
import { claimFor } from '../../src/policy/channel-claims.ts'

const claims = new Map(
  ['a', 'a:*', 'a:b', 'a:*:c', 'a:b:*', '*', '[*]*', '[meta]*'].map((text) => [text, text]),
)

describe('of the patterns that match', () => {
  test.each([
    ['a', 'a'],
    ['a:b', 'a:b'],
    ['a:x', 'a:*'],
    ['a:b:c', 'a:b:*'],
    ['a:x:c', 'a:*:c'],
    ['a:x:y', 'a:*'],
    ['z', '*'],
    ['[meta]log', '[meta]*'],
    ['[queue]log', '[*]*'],
  ])('the most specific counts for %p: %p', (channel, expected) => {
    expect(claimFor(claims, channel)).toBe(expected)
  })

  test('their order does not matter', () => {
    fc.assert(
      fc.property(
        fc.shuffledSubarray([...claims.keys()]),
        fc.constantFrom('a', 'a:b', 'a:b:c', 'a:x:c', 'z', '[meta]log'),
        (patterns, channel) => {
          const shuffled = claimFor(new Map(patterns.map((text) => [text, text])), channel)
          const sorted = patterns.toSorted().map((text): [string, string] => [text, text])
          expect(shuffled).toBe(claimFor(new Map(sorted), channel))
        },
      ),
    )
  })

  test('none is none', () => {
    expect(claimFor(new Map(), 'a')).toBeUndefined()
    expect(claimFor(new Map([['b', 1]]), 'a')).toBeUndefined()
  })
})
