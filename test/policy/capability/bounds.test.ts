/** What capabilities may cost: to read, to ask, and to intersect, told by what is visited and written. */
import { describe, expect, test } from 'bun:test'
import {
  MAX_LETTERS,
  MAX_PATTERNS,
  MAX_REACH,
  MAX_SEGMENTS,
} from '../../../src/policy/capability/bounds.ts'
import {
  type Capability,
  canonicalText,
  parseAccepted,
  parseCapability,
  readCapability,
} from '../../../src/policy/capability/capability.ts'
import { IntersectionWalk, intersect } from '../../../src/policy/capability/intersection.ts'
import { capabilityOfLists } from '../../../src/policy/capability/lists.ts'
import { alikePatterns } from '../../support/alike-patterns.ts'

const names = (count: number, of: (i: number) => string) =>
  Array.from({ length: count }, (_, i) => of(i))
const deep = (segments: number) => `a${':a'.repeat(segments - 2)}:*`

function linesOf(resources: readonly string[]): Record<string, readonly string[]> {
  return Object.fromEntries(resources.map((resource) => [resource, ['publish']]))
}

function capabilityOf(resources: readonly string[]): Capability {
  const read = parseAccepted(JSON.stringify(linesOf(resources)))
  if (!read.ok) throw new Error(read.failure.message)
  return read.value
}

describe('a capability', () => {
  test.each([
    ['lines', names(MAX_PATTERNS, (i) => `a${i}:*`), names(MAX_PATTERNS + 1, (i) => `a${i}:*`)],
    ['letters', ['x'.repeat(MAX_LETTERS)], ['x'.repeat(MAX_LETTERS), 'y']],
    [
      'segments',
      names(50, (i) => `${i}${':a'.repeat(MAX_SEGMENTS / 50 - 1)}`),
      [...names(50, (i) => `${i}${':a'.repeat(MAX_SEGMENTS / 50 - 1)}`), 'one:more'],
    ],
    ['segments that one name has', [deep(MAX_REACH - 2)], [deep(MAX_REACH + 2)]],
    ['lines for one name', alikePatterns(6), alikePatterns(7)],
    [
      'lines with any qualifier',
      names(9, (i) => `[*]${deep(100 + i)}`),
      [deep(200), `[*]${deep(100)}`],
    ],
  ])('has so many %s and no more', (_, enough, tooMany) => {
    expect(readCapability(linesOf(enough)).ok).toBe(true)
    const refused = parseCapability(JSON.stringify(linesOf(tooMany)))
    expect(!refused.ok && refused.failure).toMatchObject({ name: 'capability_invalid' })
    expect(!refused.ok && refused.failure.message).toContain('too large')
  })

  test('that was accepted before stays valid', () => {
    expect(capabilityOf(names(MAX_PATTERNS + 1, String)).size).toBe(MAX_PATTERNS + 1)
  })

  test('may repeat an operation a few times, not thousands of times', () => {
    const times = (count: number) => ({ a: Array.from({ length: count }, () => 'publish') })
    expect(readCapability(times(20)).ok).toBe(true)
    expect(readCapability(times(2000)).ok).toBe(false)
  })

  test('gets a short complaint', () => {
    const nested = JSON.parse('['.repeat(90_000) + ']'.repeat(90_000)) as unknown[]
    for (const wrong of [{ ['x'.repeat(5000)]: 1 }, { a: ['y'.repeat(5000)] }, { a: [nested] }]) {
      const read = readCapability(wrong)
      expect(!read.ok && read.failure.message.length).toBeLessThan(500)
    }
  })

  test('is written with each operation once for each channel', () => {
    const doubled = names(2000, () => 'history')
    const made = capabilityOfLists(
      { privileges: doubled, channels: names(2000, String) },
      new Map(),
    )
    expect(made.ok && made.value.size).toBe(2000)
  })
})

describe('an intersection', () => {
  const rooms = names(MAX_PATTERNS, (i) => `team${i}:*`)
  const channels = names(MAX_PATTERNS, (i) => `team${i}:room:messages`)

  test.each([
    ['with everything', channels, ['*']],
    ['of channels with their namespaces', channels, rooms],
    ['with every qualifier', rooms, ['[*]*']],
    [
      'of patterns with a few that cross all of them',
      names(300, (i) => `team${i}:*`),
      ['*:a', '*:b', '*:c:*'],
    ],
    ['of deep names with their parents', [deep(200)], names(200, (i) => deep(i + 2))],
    ['of other qualifiers', names(2000, (i) => `[q${i}]a`), names(2000, (i) => `[r${i}]a`)],
  ])('%s takes as many steps as there is of both', (_, a, b) => {
    for (const [one, other] of [
      [a, b],
      [b, a],
    ] as const) {
      const walk = new IntersectionWalk(capabilityOf(one), capabilityOf(other))
      expect(walk.run()).toBe(true)
      const segments = [...a, ...b].reduce((sum, pattern) => sum + pattern.split(':').length + 1, 0)
      expect(walk.steps).toBeLessThan(3 * segments + 3 * walk.nested.size + 4 * walk.crossed.size)
    }
  })

  test.each([
    ['a{i}:* and *:b{i}:c', names(1500, (i) => `a${i}:*`), names(1500, (i) => `*:b${i}:c`)],
    [
      'x{i}:*:y and *:z{i}:w, which have nothing in common',
      names(900, (i) => `x${i}:*:y`),
      names(900, (i) => `*:z${i}:w`),
    ],
    ['*:*:{i} and {i}:*', names(1000, (i) => `*:*:${i}`), names(1000, (i) => `${i}:*`)],
    ['[*] and other qualifiers', names(500, (i) => `[*]*:b${i}`), names(500, (i) => `[q]a${i}:*`)],
    ['alike patterns', alikePatterns(9), alikePatterns(9).map((text) => `*:${text}`)],
  ])('of patterns that cross is given up: %s', (_, a, b) => {
    const walk = new IntersectionWalk(capabilityOf(a), capabilityOf(b))
    const isWhole = walk.run()
    expect(walk.steps).toBeLessThan(60_000)
    expect(walk.crossed.size).toBeLessThan(MAX_PATTERNS + 5000)
    const both = intersect(capabilityOf(a), capabilityOf(b))
    expect(isWhole && both.ok).toBe(false)
    expect(!both.ok && both.failure.name).toBe('capability_invalid')
  })

  test('of a large capability with itself is the same', () => {
    const large = capabilityOf(names(5000, (i) => `*:${i}`))
    const both = intersect(large, new Map(large))
    expect(both.ok && canonicalText(both.value)).toBe(canonicalText(large))
  })
})
