/** Which line of a capability decides, and the smallest change that would allow what is refused. */
import { describe, expect, test } from 'bun:test'
import fc from 'fast-check'
import { type Capability, parseCapability } from '../../../src/policy/capability/capability.ts'
import { CapabilityChecker } from '../../../src/policy/capability/checker.ts'
import { explainCapability } from '../../../src/policy/capability/explain.ts'
import { OPERATIONS, operationBit } from '../../../src/policy/capability/operations.ts'

function read(value: object): Capability {
  const parsed = parseCapability(JSON.stringify(value))
  if (!parsed.ok) throw new Error(parsed.failure.message)
  return parsed.value
}

describe('the line that decides', () => {
  const capability = read({
    '*': ['subscribe'],
    'public:*': ['publish', 'subscribe'],
    'public:news': ['history'],
    '[meta]log': ['*'],
    '[*]any': ['history', 'stats'],
    any: ['history'],
  })

  test.each([
    ['lobby', 'subscribe', '*'],
    ['public:a', 'publish', 'public:*'],
    ['public:a', 'subscribe', 'public:*'],
    ['public:news', 'history', 'public:news'],
    ['public:news', 'subscribe', 'public:*'],
    ['[meta]log', 'history', '[meta]log'],
    ['any', 'history', 'any'],
    ['any', 'stats', '[*]any'],
  ] as const)('%s %s: %s', (channel, operation, resource) => {
    const answer = explainCapability(capability, channel, operation)
    expect(answer.permitted).toBe(true)
    expect(answer.line?.resource).toBe(resource)
    expect(answer.change).toBeUndefined()
  })

  test('is the nearest one if none permits', () => {
    const answer = explainCapability(capability, 'public:news', 'presence')
    expect(answer).toEqual({
      permitted: false,
      line: { resource: 'public:news', operations: ['history'] },
      change: { resource: 'public:news', operations: ['history', 'presence'] },
    })
  })

  test('is absent if no line concerns the channel', () => {
    const answer = explainCapability(read({ a: ['publish'] }), 'b', 'publish')
    expect(answer).toEqual({
      permitted: false,
      line: undefined,
      change: { resource: 'b', operations: ['publish'] },
    })
  })
})

const segment = fc.constantFrom('a', 'b', 'c')
const name = fc.array(segment, { minLength: 1, maxLength: 3 }).map((parts) => parts.join(':'))
const resource = fc
  .tuple(
    fc.constantFrom('', '', '[meta]', '[*]'),
    fc.array(fc.oneof(segment, fc.constant('*')), { minLength: 1, maxLength: 3 }),
  )
  .map(([qualifier, parts]) => qualifier + parts.join(':'))
const some = fc.constantFrom('publish', 'subscribe', 'history') as fc.Arbitrary<
  (typeof OPERATIONS)[number]
>
const capabilities = fc
  .dictionary(resource, fc.oneof(fc.uniqueArray(some, { minLength: 1 }), fc.constant(['*'])), {
    minKeys: 1,
    maxKeys: 5,
    noNullPrototype: true,
  })
  .map(read)

describe('for any capability', () => {
  test('the answer equals that of the checker', () => {
    fc.assert(
      fc.property(capabilities, name, some, (capability, channel, operation) => {
        const answer = explainCapability(capability, channel, operation)
        const checker = new CapabilityChecker(capability)
        expect(answer.permitted).toBe(checker.permits(channel, operation))
        expect(answer.change === undefined).toBe(answer.permitted)
      }),
    )
  })

  test('the proposed change allows that operation on that channel and nothing else', () => {
    fc.assert(
      fc.property(capabilities, name, some, (capability, channel, operation) => {
        const { change } = explainCapability(capability, channel, operation)
        fc.pre(change !== undefined)
        const bits = change!.operations.reduce((set, one) => set | operationBit(one)!, 0)
        const before = new CapabilityChecker(capability)
        const after = new CapabilityChecker(new Map([...capability, [change!.resource, bits]]))
        for (const other of ['a', 'b', 'a:a', 'a:b', 'b:c', 'a:b:c', 'c:c:c', channel]) {
          for (const asked of OPERATIONS) {
            const isNew = other === channel && asked === operation
            expect(after.permits(other, asked)).toBe(isNew || before.permits(other, asked))
          }
        }
      }),
    )
  })
})
