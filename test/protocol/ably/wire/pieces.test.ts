/** Lazy values are encoded like plain ones, in pieces. */
import { describe, expect, test } from 'bun:test'
import fc from 'fast-check'
import { type Format, encode } from '../../../../src/protocol/ably/wire/format.ts'
import {
  LazyList,
  LazyObject,
  joined,
  piecesOf,
} from '../../../../src/protocol/ably/wire/pieces.ts'

const whole = (value: unknown, format: Format) =>
  Buffer.from(joined([...piecesOf(value, format)], format))
const plain = (value: unknown, format: Format) => Buffer.from(encode(value, format))

/** The same value with every list and object in it lazy. */
function lazy(value: unknown): unknown {
  if (Array.isArray(value)) return LazyList.of(value, lazy)
  if (typeof value !== 'object' || value === null) return value
  return new LazyObject(
    Object.fromEntries(Object.entries(value).map(([name, member]) => [name, lazy(member)])),
  )
}

const values = fc.letrec<{ value: unknown }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 4 },
    fc.string(),
    fc.integer(),
    fc.boolean(),
    fc.constant(null),
    fc.array(tie('value'), { maxLength: 20 }),
    fc.dictionary(fc.string(), fc.option(tie('value'), { nil: undefined }), { maxKeys: 20 }),
  ),
})).value

describe.each(['json', 'msgpack'] as const)('in %s', (format) => {
  test('gives the same as encoding at once', () => {
    fc.assert(
      fc.property(values, (value) => {
        expect(whole(lazy(value), format)).toEqual(plain(value, format))
      }),
    )
  })

  test('gives the same for long lists', () => {
    for (const length of [0, 15, 16, 65_535, 65_536]) {
      const items = Array.from({ length }, (_, i) => i)
      expect(whole(lazy({ items }), format).equals(plain({ items }, format))).toBe(true)
    }
  })

  test('makes each item when its turn comes', () => {
    let made = 0
    const list = LazyList.of(
      Array.from({ length: 100 }, (_, i) => i),
      (i) => {
        made++
        return i
      },
    )
    const pieces = piecesOf(list, format)
    for (let i = 0; i < 10; i++) pieces.next()
    expect(made).toBeLessThanOrEqual(10)
  })
})
