/** Keys as digests. */
import { describe, expect, test } from 'bun:test'
import fc from 'fast-check'
import { NO_KEYS, opens } from '../../src/policy/channel-keys.ts'

describe('opens', () => {
  const digest = fc.uint8Array({ minLength: 32, maxLength: 32 })

  test('AC-31 exactly the same digest opens', () => {
    fc.assert(
      fc.property(digest, digest, (a, b) => {
        expect(opens(Uint8Array.from(a), a)).toBe(true)
        expect(opens(a, b)).toBe(Buffer.compare(a, b) === 0)
      }),
    )
  })

  test('AC-31 a digest that differs in one bit does not', () => {
    fc.assert(
      fc.property(digest, fc.nat({ max: 255 }), (a, bit) => {
        const b = Uint8Array.from(a)
        b[bit >> 3] = b[bit >> 3]! ^ (1 << (bit & 7))
        expect(opens(b, a)).toBe(false)
      }),
    )
  })

  test('a key that is not presented opens nothing', () => {
    expect(opens(undefined, new Uint8Array(32))).toBe(false)
    expect(opens(NO_KEYS.join, new Uint8Array(32))).toBe(false)
  })
})
