/** Which of several claims about channels counts for one. */
import { describe, expect, test } from 'bun:test'
import fc from 'fast-check'
import { type Pattern, parsePattern } from '../../src/policy/capability/pattern.ts'
import { ChannelClaims } from '../../src/policy/channel-claims.ts'
import { covers } from '../support/pairwise-patterns.ts'

const patterns = ['a', 'a:*', 'a:b', 'a:*:c', 'a:b:*', '*', '[*]*', '[meta]*']

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
    expect(claimsOf(patterns).for(channel)).toBe(expected)
  })

  const segment = fc.constantFrom('a', 'b', '*')
  const text = fc
    .tuple(
      fc.constantFrom('', '', '[*]', '[meta]'),
      fc.array(segment, { minLength: 1, maxLength: 5 }),
    )
    .map(([qualifier, segments]) => qualifier + segments.join(':'))

  test('the choice does not depend on their order', () => {
    fc.assert(
      fc.property(fc.uniqueArray(text, { maxLength: 12 }), text, (some, channel) => {
        expect(claimsOf(some).for(channel)).toBe(highest(some, channel))
      }),
      { numRuns: 2000 },
    )
  })

  test('no match gives nothing', () => {
    expect(new ChannelClaims(new Map()).for('a')).toBeUndefined()
    expect(claimsOf(['b']).for('a')).toBeUndefined()
  })
})

test('the cost of a look-up does not grow with other patterns', () => {
  const many = Array.from({ length: 2600 }, (_, i) => `team${i}:*:room`)
  expect(claimsOf(many).reach).toBe(claimsOf(['team:*:room']).reach)
})

function claimsOf(some: readonly string[]): ChannelClaims<string> {
  return new ChannelClaims(new Map(some.map((pattern) => [pattern, pattern])))
}

/** A naive reference that tries every pattern. */
function highest(some: readonly string[], channel: string): string | undefined {
  const name = parsePattern(channel)
  return some
    .filter((pattern) => covers(parsePattern(pattern), name))
    .toSorted((a, b) => (rank(parsePattern(a)) < rank(parsePattern(b)) ? 1 : -1))[0]
}

/**
 * Text that is greater, the more specific a pattern is: literal segments count most, then how many there are,
 * then that it is for one kind of channel only, then where the literal ones stand.
 */
function rank({ qualifier, segments }: Pattern): string {
  const literal = segments.map((segment) => (segment === '*' ? '0' : '1')).join('')
  const count = literal.replaceAll('0', '').length
  return [pad(count), pad(segments.length), qualifier === '*' ? '0' : '1', literal].join()
}

function pad(count: number): string {
  return String(count).padStart(8, '0')
}
