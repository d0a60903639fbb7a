/** Deltas decode to their target, with the decoder of Ably's SDKs and a strict one of our own. */
import { describe, expect, test } from 'bun:test'
import { decode } from '@ably/vcdiff-decoder'
import fc from 'fast-check'
import { encodeDelta } from '../../src/delta/vcdiff.ts'
import { type Decoded, decodeStrictly } from './strict-decoder.ts'

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text)

/** Parses a delta after checking that both decoders give the target. */
function check(source: Uint8Array, target: Uint8Array): Decoded & { size: number } {
  const [sourceBefore, targetBefore] = [source.slice(), target.slice()]
  const delta = encodeDelta(source, target)
  if (delta === undefined) throw new Error('there is no delta')
  expect(source).toEqual(sourceBefore)
  expect(target).toEqual(targetBefore)
  const decoded = decodeStrictly(delta, source)
  expect(Buffer.compare(decoded.target, target)).toBe(0)
  expect(Buffer.compare(decode(delta, source), target)).toBe(0)
  return { ...decoded, size: delta.length }
}

/** Pseudo-random bytes, the same in every run. */
function noise(size: number, seed = 1): Uint8Array {
  const made = new Uint8Array(size)
  let state = seed
  for (let i = 0; i < size; i++) {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    made[i] = state >>> 24
  }
  return made
}

const rows = (count: number, change = 0) =>
  bytes(
    JSON.stringify(
      Array.from({ length: count }, (_, id) => ({
        id,
        name: `sensor ${id}`,
        value: (id * 7_919 + change) % 1_000,
        ok: (id + change) % 3 !== 0,
      })),
    ),
  )

describe('a delta', () => {
  test.each([
    ['of nothing to nothing', '', ''],
    ['of nothing to something', '', 'something'],
    ['of something to nothing', 'something', ''],
    ['of a byte', 'a', 'b'],
    ['of what is the same', 'the same', 'the same'],
    ['of what has nothing in common', 'abcdefghijklmnop', '0123456789'],
    ['that overlaps at both ends', 'aaaaaaaa', 'aaaaaaa'],
    ['that overlaps and grows', 'abcabcabc', 'abcabcabcabc'],
  ])('decodes to its target: %s', (_, source, target) => {
    check(bytes(source), bytes(target))
  })

  test.each([
    ['{"lamp":"hall","level":17,"state":"steady"}', '{"lamp":"hall","level":18,"state":"steady"}'],
    ['{"lamp":"hall","level":9,"state":"steady"}', '{"lamp":"hall","level":10,"state":"blinking"}'],
    ['{"n":1,"text":"the first of several"}', '{"n":2,"text":"the second of several"}'],
  ])('of small objects is smaller than they are', (source, target) => {
    const { size, usesSource } = check(bytes(source), bytes(target))
    expect(size).toBeLessThan(target.length)
    expect(usesSource).toBe(true)
  })

  test('of equal payloads is one copy', () => {
    const { steps, size } = check(rows(900), rows(900))
    expect(steps).toEqual([{ kind: 'copy', size: rows(900).length }])
    expect(size).toBeLessThan(25)
  })

  test('uses RUN for a repeated byte', () => {
    const { steps, usesSource } = check(bytes('x'), bytes(`[${'0'.repeat(500)}]`))
    expect(steps).toEqual([
      { kind: 'add', size: 1 },
      { kind: 'run', size: 500 },
      { kind: 'add', size: 1 },
    ])
    expect(usesSource).toBe(false)
  })

  test('finds moved blocks', () => {
    const source = noise(65_536)
    const target = new Uint8Array([...source.subarray(30_001), ...source.subarray(0, 30_001)])
    const { steps, size } = check(source, target)
    expect(steps.map(({ kind }) => kind)).toEqual(['copy', 'copy'])
    expect(size).toBeLessThan(40)
  })

  test('finds insertions', () => {
    expect(check(rows(30), rows(31)).size).toBeLessThan(60)
  })

  test.each([
    ['1 KiB', 16, 300],
    ['64 KiB', 1_100, 16_000],
  ])('of %s in which every value changed is much smaller', (_, count, most) => {
    const target = rows(count, 5)
    const { size } = check(rows(count), target)
    expect(size).toBeLessThan(most)
    expect(size).toBeLessThan(target.length / 3)
  })

  test('uses one code for two instructions where it can', () => {
    const source = bytes('abcdefghijklmnopqrstuvwxyz')
    expect(check(source, bytes('abcde1ijklm23pqrst4')).pairs).toBe(2)
    expect(check(source, bytes('1ijkl2')).pairs).toBe(1)
    expect(check(source, bytes('ijkl1')).pairs).toBe(1)
  })

  test('uses all address modes', () => {
    const seen = new Set<number>()
    // Repeated copies of one place, far from the beginning and from each other.
    const part = noise(12, 2)
    const parts = [1, 2, 3, 4, 5, 6].flatMap((seed) => [part, noise(5, seed + 2)])
    for (const size of [20_000, 20_256, 20_512]) {
      const source = Buffer.concat([noise(size), part, noise(20_000, 9)])
      const near = [9_000, 12_000, 3_000, 6_000, 9_040, 12_040, 3_040, 6_040, 9_080, 12_080]
      const others = near.map((at) => source.subarray(at, at + 30))
      const target = Buffer.concat([...parts, ...others, part, source.subarray(-5_000), part])
      for (const mode of check(source, target).modes) seen.add(mode)
    }
    expect([...seen].toSorted((a, b) => a - b)).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8])
  })

  test('is not made if it would be larger than a target of over 256 bytes', () => {
    expect(encodeDelta(noise(1_024), noise(1_024, 2))).toBeUndefined()
    expect(encodeDelta(new Uint8Array(), noise(257))).toBeUndefined()
    expect(check(noise(256), noise(256, 2)).size).toBeGreaterThan(256)
  })
})

describe('any two payloads', () => {
  const binary = fc.uint8Array({ maxLength: 256 })
  const fewBytes = fc.uint8Array({ max: 2, maxLength: 256 })
  const text = fc.oneof(fc.json(), fc.string({ unit: 'binary' })).map(bytes)
  const any = fc.oneof(binary, fewBytes, text).filter(({ length }) => length <= 256)

  /** Changes a payload by moving, dropping, repeating and inserting pieces. */
  const piece = fc.oneof(
    fc.record({ from: fc.nat(999), size: fc.nat(300) }),
    fc.record({ bytes: fc.uint8Array({ maxLength: 12 }) }),
    fc.record({ byte: fc.nat(255), count: fc.nat(40) }),
  )
  const rebuilt = (
    source: Uint8Array,
    pieces: readonly (typeof piece extends fc.Arbitrary<infer T> ? T : never)[],
  ) =>
    new Uint8Array(
      pieces.flatMap((item) => {
        if ('bytes' in item) return [...item.bytes]
        if ('byte' in item) return Array.from({ length: item.count }, () => item.byte)
        const from = Math.floor((item.from / 1_000) * source.length)
        return [...source.subarray(from, from + item.size)]
      }),
    )

  test('decode to the target, related or not', () => {
    fc.assert(
      fc.property(any, any, (source, target) => {
        check(source, target)
      }),
      { numRuns: 1_000 },
    )
  })

  test('decode to the target when one is made of pieces of the other', () => {
    const source = fc.oneof(any, fc.uint8Array({ minLength: 500, maxLength: 1_500 }))
    fc.assert(
      fc.property(source, fc.array(piece, { maxLength: 12 }), (from, pieces) => {
        const target = rebuilt(from, pieces)
        if (encodeDelta(from, target) !== undefined) check(from, target)
        else expect(target.length).toBeGreaterThan(256)
      }),
      { numRuns: 1_000 },
    )
  })

  test('of 64 KiB decode to the target', () => {
    fc.assert(
      fc.property(
        fc.nat(1_000),
        fc.array(fc.tuple(fc.nat(65_535), fc.nat(255)), { minLength: 1, maxLength: 40 }),
        fc.nat(3),
        (seed, changes, kept) => {
          const source = noise(65_536, seed)
          // With fewer different bytes, blocks repeat.
          if (kept > 0) for (let i = 0; i < source.length; i++) source[i] = source[i]! % (kept * 5)
          const target = source.slice()
          for (const [at, byte] of changes) target[at] = byte
          expect(check(source, target).size).toBeLessThan(100 + changes.length * 20)
        },
      ),
      { numRuns: 20 },
    )
  })
})

/** In quadratic time these would take hours. */
describe('payloads of megabytes', () => {
  const SIZE = 4 << 20
  const filled = (byte: (i: number) => number) => new Uint8Array(SIZE).map((_, i) => byte(i))

  test.each([
    ['zeros', () => 0, (i: number) => (i === SIZE - 1 ? 1 : 0)],
    ['zeros against an odd one out here and there', () => 0, (i: number) => +(i % 40 === 0)],
    ['periods that do not fit', (i: number) => i % 7, (i: number) => i % 5],
    ['few blocks', (i: number) => (i * i) % 3, (i: number) => (i >> 2) % 3],
    ['long almost-matches', (i: number) => +(i % 997 === 0), (i: number) => +(i % 1_009 === 0)],
  ])('%s cost a bounded amount of work', (_, of, to) => {
    const [source, target] = [filled(of), filled(to)]
    const delta = encodeDelta(source, target)
    if (delta !== undefined) {
      expect(Buffer.compare(decodeStrictly(delta, source).target, target)).toBe(0)
    }
  })

  test('without a pattern cost a bounded amount of work', () => {
    expect(encodeDelta(noise(SIZE), noise(SIZE, 2))).toBeUndefined()
    const target = noise(SIZE)
    target.copyWithin(1_000, 2_000_000, 3_000_000)
    const delta = encodeDelta(noise(SIZE), target)!
    expect(delta.length).toBeLessThan(1_000)
    expect(Buffer.compare(decodeStrictly(delta, noise(SIZE)).target, target)).toBe(0)
  })
})
