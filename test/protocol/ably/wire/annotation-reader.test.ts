/** What clients annotate messages with. */
import { describe, expect, test } from 'bun:test'
import fc from 'fast-check'
import { ablyCode } from '../../../../src/protocol/ably/errors/codes.ts'
import {
  annotationMethod,
  readAnnotations,
} from '../../../../src/protocol/ably/wire/annotation-reader.ts'
import { anything, asSent } from './arbitrary.ts'

const LIMITS = { maxMessageBytes: 100, maxMessages: 2 }

function read(value: unknown, messageSerial?: string) {
  const result = readAnnotations(asSent(value), messageSerial, {
    connectionId: 'mine',
    limits: LIMITS,
  })
  return result.ok ? result.value : ablyCode(result.failure.name)
}

describe('the method of a type', () => {
  test.each([
    ['like:total.v1', 'total'],
    ['like:flag.v1', 'flag'],
    ['com.example.reaction:distinct.v1', 'distinct'],
    ['a:b:unique.v1', 'unique'],
    ['stars:multiple.v1', 'multiple'],
    ['com.ably.reactions', undefined],
    ['like:total', undefined],
    ['like:total.v2', undefined],
    ['like:most.v1', undefined],
    [':total.v1', undefined],
    ['total.v1', undefined],
    ['like:total.v1 ', undefined],
    ['like:total.v1\n', undefined],
    ['like:constructor.v1', undefined],
  ] as const)('%j: %p', (type, method) => expect(annotationMethod(type)).toBe(method))
})

describe('an annotation', () => {
  test('is read with all members', () => {
    const sent = {
      action: 1,
      id: 'i',
      type: 'stars:multiple.v1',
      name: 'five',
      count: 3,
      clientId: 'me',
      data: 'x',
      encoding: 'y',
      extras: { headers: { a: 1 } },
      connectionId: 'mine',
    }
    const { connectionId: _, ...rest } = sent
    const draft = { ...rest, action: 'delete', messageSerial: 's', extras: '{"headers":{"a":1}}' }
    expect(read([sent], 's')).toEqual([draft] as never)
    expect(read([{ ...sent, messageSerial: 's' }])).toEqual([draft] as never)
    expect(read([{ ...sent, messageSerial: 's' }], 's')).toEqual([draft] as never)
  })

  test.each<[string, object]>([
    ['of a type that nothing sums up', { type: 'com.ably.reactions', count: 2 }],
    ['of a total', { type: 'a:total.v1' }],
    ['of a flag', { type: 'a:flag.v1', name: 'x' }],
    ['of a distinct name', { type: 'a:distinct.v1', name: 'x' }],
    ['that ends the only one of its client', { type: 'a:unique.v1', action: 1 }],
    ['of several', { type: 'a:multiple.v1', name: 'x', count: 7 }],
    ['of one, where there may be several', { type: 'a:multiple.v1', name: 'x' }],
    ['with nulls', { type: 'a:flag.v1', name: null, count: null, data: null, action: null }],
  ])('may be one %s', (_, sent) => {
    expect(read([sent], 's')).toMatchObject([{ type: (sent as { type: string }).type }])
  })

  test.each<[string, unknown, number]>([
    ['by itself', { type: 'a:total.v1' }, 40000],
    ['nothing', undefined, 40000],
    ['an empty list', [], 40000],
    ['no object', ['x'], 40000],
    ['without a type', [{}], 40000],
    ['with an empty type', [{ type: '' }], 40000],
    ['with a number for a type', [{ type: 5 }], 40000],
    ['with an endless type', [{ type: 'x'.repeat(2000) }], 40000],
    ['with a number for a name', [{ type: 'a', name: 5 }], 40000],
    ['of an unknown action', [{ type: 'a', action: 2 }], 40000],
    ['of another message', [{ type: 'a', messageSerial: 'x' }], 40003],
    ['of a message that is a number', [{ type: 'a', messageSerial: 5 }], 40003],
    ['distinct without a name', [{ type: 'a:distinct.v1' }], 40000],
    ['unique without a name', [{ type: 'a:unique.v1' }], 40000],
    ['multiple without a name', [{ type: 'a:multiple.v1', count: 1 }], 40000],
    ['the end of a distinct one without a name', [{ type: 'a:distinct.v1', action: 1 }], 40000],
    ['a total with a count', [{ type: 'a:total.v1', count: 1 }], 40000],
    ['a flag with a count', [{ type: 'a:flag.v1', count: 1 }], 40000],
    ['none at all', [{ type: 'a:multiple.v1', name: 'x', count: 0 }], 40000],
    ['less than one', [{ type: 'a:multiple.v1', name: 'x', count: -1 }], 40000],
    ['one and a half', [{ type: 'a:multiple.v1', name: 'x', count: 1.5 }], 40000],
    ['a count in words', [{ type: 'a:multiple.v1', name: 'x', count: '1' }], 40000],
    ['of an empty client id', [{ type: 'a', clientId: '' }], 40012],
    ['on the connection of another', [{ type: 'a', connectionId: 'x' }], 40006],
    ['with a number for data', [{ type: 'a', data: 1 }], 40013],
    ['one of too many', [{ type: 'a' }, { type: 'b' }, { type: 'c' }], 40034],
  ])('is not %s', (_, sent, code) => expect(read(sent, 's')).toBe(code))

  test('needs a message', () => expect(read([{ type: 'a' }])).toBe(40003))

  test('gives a value for any input', () => {
    fc.assert(
      fc.property(anything, (sent) => {
        const result = readAnnotations([sent], 's')
        if (result.ok) for (const { messageSerial } of result.value) expect(messageSerial).toBe('s')
      }),
      { numRuns: 500 },
    )
  })
})
