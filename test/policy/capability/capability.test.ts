/** Capabilities: reading, canonical form, matching, and the laws of their intersection. */
import { describe, expect, test } from 'bun:test'
import fc from 'fast-check'
import {
  type Capability,
  canonicalText,
  parseCapability,
} from '../../../src/policy/capability/capability.ts'
import { CapabilityChecker } from '../../../src/policy/capability/checker.ts'
import { intersect as intersection } from '../../../src/policy/capability/intersection.ts'
import {
  EVERY_OPERATION,
  OPERATIONS,
  type OperationSet,
  operationBit,
  uniteOperations,
} from '../../../src/policy/capability/operations.ts'
import { intersectPairwise } from '../../support/pairwise-patterns.ts'

function read(text: string): Capability {
  const parsed = parseCapability(text)
  if (!parsed.ok) throw new Error(parsed.failure.message)
  return parsed.value
}

function intersect(a: Capability, b: Capability): Capability {
  const both = intersection(a, b)
  if (!both.ok) throw new Error(both.failure.message)
  return both.value
}

describe('reading', () => {
  test.each([
    ['not JSON', '{', 'not valid JSON'],
    ['an array', '[]', 'not an object'],
    ['null', 'null', 'not an object'],
    ['no resource', '{}', 'names no resource'],
    ['an empty resource', '{"":["publish"]}', 'an empty resource name'],
    ['operations that are no list', '{"a":"publish"}', 'no list of operations'],
    ['no operation', '{"a":[]}', 'an empty list'],
    ['an unknown operation', '{"a":["publish_"]}', 'unknown operation "publish_"'],
    ['an operation that is no text', '{"a":[1]}', 'unknown operation 1'],
    ['* among others', '{"a":["*","publish"]}', 'mixes "*"'],
  ])('refuses %s', (_, text, complaint) => {
    const parsed = parseCapability(text)
    expect(parsed.ok).toBe(false)
    if (!parsed.ok) expect(parsed.failure.message).toContain(complaint)
  })

  test('the canonical form has no spaces, a fixed order and no duplicates', () => {
    const text = '{ "b": ["subscribe", "publish", "publish"], "a": ["*"] }'
    expect(canonicalText(read(text))).toBe('{"a":["*"],"b":["publish","subscribe"]}')
  })

  test('every operation is known', () => {
    for (const name of OPERATIONS) expect(canonicalText(read(`{"a":["${name}"]}`))).toContain(name)
  })
})

describe('matching', () => {
  test.each([
    ['name', 'name', true],
    ['name', 'name:x', false],
    ['*', 'name', true],
    ['*', 'a:b:c', true],
    ['*', '[meta]log', false],
    ['*', '[queue]q', false],
    ['ns:*', 'ns:a', true],
    ['ns:*', 'ns:a:b', true],
    ['ns:*', 'ns:', true],
    ['ns:*', 'ns', false],
    ['a:*:b', 'a:x:b', true],
    ['a:*:b', 'a:x:y:b', false],
    ['foo*', 'foobar', false],
    ['foo*', 'foo*', true],
    ['[meta]*', '[meta]channel.lifecycle', true],
    ['[meta]log', '[meta]log', true],
    ['[meta]*', 'log', false],
    ['[queue]*', '[queue]app:q', true],
    ['[*]*', 'name', true],
    ['[*]*', '[meta]log', true],
    ['[*]*', '[filter]name', true],
    ['[*]name', '[filter]name', true],
    ['[*]name', 'other', false],
  ])('%s on %s: %p', (resource, channel, expected) => {
    const checker = new CapabilityChecker(new Map([[resource, EVERY_OPERATION]]))
    expect(checker.permits(channel, 'publish')).toBe(expected)
  })

  test('matching lines are united', () => {
    const checker = new CapabilityChecker(
      read('{"a:*":["publish"],"*":["subscribe"],"a:b":["history"]}'),
    )
    const permitted = OPERATIONS.filter((operation) => checker.permits('a:b', operation))
    expect(permitted).toEqual(['history', 'publish', 'subscribe'])
  })
})

/** The capabilities of the keys with which the SDKs' own suites ask for tokens. */
const MIXED =
  '{"canpublish:*":["publish"],"canpublish:andpresence":["presence","publish"],"cansubscribe:*":["subscribe"]}'
const CHANNELS = '{"channel0":["publish"],"channel2":["publish","subscribe"],"channel6":["*"]}'

describe('intersection as the SDKs expect it', () => {
  test.each([
    ['the whole key', MIXED, MIXED, MIXED],
    ['another operation', MIXED, '{"canpublish:test":["subscribe"]}', '{}'],
    ['another channel', CHANNELS, '{"channelx":["publish"]}', '{}'],
    [
      'some operations',
      CHANNELS,
      '{"channel2":["presence","subscribe"]}',
      '{"channel2":["subscribe"]}',
    ],
    ['every operation', CHANNELS, '{"channel2":["*"]}', '{"channel2":["publish","subscribe"]}'],
    [
      'some of every',
      CHANNELS,
      '{"channel6":["publish","subscribe"]}',
      '{"channel6":["publish","subscribe"]}',
    ],
    [
      'a channel of *',
      '{"*":["subscribe"]}',
      '{"cansubscribe":["subscribe"]}',
      '{"cansubscribe":["subscribe"]}',
    ],
    ['a namespace of *', '{"*":["subscribe"]}', '{"a:*":["subscribe"]}', '{"a:*":["subscribe"]}'],
    [
      'a channel of a namespace',
      MIXED,
      '{"canpublish:check":["publish"]}',
      '{"canpublish:check":["publish"]}',
    ],
    ['[*]* against *', '{"*":["*"]}', '{"[*]*":["*"]}', '{"*":["*"]}'],
    [
      'patterns that cross',
      '{"a:*:b":["publish"]}',
      '{"a:c:*":["publish"]}',
      '{"a:c:b":["publish"]}',
    ],
  ])('%s', (_, key, wish, result) => {
    expect(canonicalText(intersect(read(key), read(wish)))).toBe(result)
  })
})

/** Few words, so that patterns and names often match. */
const segment = fc.constantFrom('a', 'b', '*', '')
const name = fc
  .array(fc.constantFrom('a', 'b', 'c', ''), { minLength: 1, maxLength: 4 })
  .map((parts) => parts.join(':'))
const qualifier = fc.constantFrom('', '', '', '[meta]', '[*]', '[queue]')
const resource = fc
  .tuple(qualifier, fc.array(segment, { minLength: 1, maxLength: 4 }))
  .map(([prefix, parts]) => prefix + parts.join(':'))
  .filter((text) => text !== '')
const operations: fc.Arbitrary<OperationSet> = fc.oneof(
  fc.constant(EVERY_OPERATION),
  fc
    .subarray(['publish', 'subscribe', 'history'], { minLength: 1 })
    .map((names) => names.reduce((set, one) => set | operationBit(one)!, 0)),
)
const capability: fc.Arbitrary<Capability> = fc
  .array(fc.tuple(resource, operations), { maxLength: 5 })
  .map((entries) => new Map(entries))
const channel = fc
  .tuple(fc.constantFrom('', '', '[meta]', '[filter]'), name)
  .map(([prefix, rest]) => prefix + rest)

/** A naive reference: matches by regular expressions, as documented. */
function naiveOperations(given: Capability, wanted: string): OperationSet {
  let found = 0
  for (const [pattern, set] of given) {
    const [, inBrackets, rest] = /^(?:\[([^\]]*)\])?(.*)$/s.exec(pattern)!
    const parts = rest!.split(':')
    const body = parts
      .map((part, i) => (part !== '*' ? part : i === parts.length - 1 ? '.*' : '[^:]*'))
      .join(':')
    const before =
      inBrackets === '*'
        ? '(\\[[^\\]]*\\])?'
        : inBrackets === undefined
          ? ''
          : `\\[${inBrackets}\\]`
    // An ordinary pattern must not swallow a qualifier.
    const ordinary = inBrackets === undefined ? '(?!\\[)' : ''
    if (new RegExp(`^${ordinary}${before}${body}$`, 's').test(wanted))
      found = uniteOperations(found, set)
  }
  return found
}

function on(given: Capability, wanted: string): OperationSet {
  return new CapabilityChecker(given).operationsOn(wanted)
}

describe('laws', () => {
  test('matching agrees with a naive reference', () => {
    fc.assert(
      fc.property(capability, channel, (given, wanted) => {
        expect(on(given, wanted)).toBe(naiveOperations(given, wanted))
      }),
      { numRuns: 3000 },
    )
  })

  test('a token permits exactly what both it and its key permit', () => {
    fc.assert(
      fc.property(capability, capability, channel, (key, wish, wanted) => {
        const granted = on(intersect(key, wish), wanted)
        for (const operation of ['publish', 'subscribe', 'history', 'stats'] as const) {
          const bit = operationBit(operation)! | EVERY_OPERATION
          const both = (on(key, wanted) & bit) !== 0 && (on(wish, wanted) & bit) !== 0
          expect((granted & bit) !== 0).toBe(both)
        }
      }),
      { numRuns: 3000 },
    )
  })

  test('intersection equals comparing every pair of lines', () => {
    fc.assert(
      fc.property(capability, capability, (a, b) => {
        expect(canonicalText(intersect(a, b))).toBe(canonicalText(intersectPairwise(a, b)))
      }),
      { numRuns: 5000 },
    )
  })

  test('intersection is commutative', () => {
    fc.assert(
      fc.property(capability, capability, (a, b) => {
        expect(canonicalText(intersect(a, b))).toBe(canonicalText(intersect(b, a)))
      }),
    )
  })

  test('intersection is associative and idempotent in what it permits', () => {
    fc.assert(
      fc.property(capability, capability, capability, channel, (a, b, c, wanted) => {
        expect(on(intersect(intersect(a, b), c), wanted)).toBe(
          on(intersect(a, intersect(b, c)), wanted),
        )
        expect(on(intersect(a, a), wanted)).toBe(on(a, wanted))
      }),
      { numRuns: 2000 },
    )
  })

  test('intersection with itself changes nothing', () => {
    fc.assert(
      fc.property(capability, (a) => {
        expect(canonicalText(intersect(a, a))).toBe(canonicalText(a))
      }),
    )
  })

  test('writing and reading gives the same capability', () => {
    fc.assert(
      fc.property(capability, (a) => {
        fc.pre(a.size > 0)
        expect(canonicalText(read(canonicalText(a)))).toBe(canonicalText(a))
      }),
    )
  })
})
