/** MessagePack for readers in languages with types: every number in the form that it has there, every length in the shortest. */
import { describe, expect, test } from 'bun:test'
import { unpack } from 'msgpackr'
import { readMsgpack } from '../../../../src/protocol/ably/wire/msgpack-reader.ts'
import { writeMsgpack } from '../../../../src/protocol/ably/wire/msgpack-writer.ts'

const hex = (value: unknown) => writeMsgpack(value).toString('hex')
const head = (value: unknown, bytes: number) => writeMsgpack(value).toString('hex', 0, bytes)

describe('numbers', () => {
  test.each([
    [0, '00'],
    [-0, '00'],
    [127, '7f'],
    [128, 'cc80'],
    [255, 'ccff'],
    [256, 'cd0100'],
    [65_535, 'cdffff'],
    [65_536, 'ce00010000'],
    [4_294_967_295, 'ceffffffff'],
    [4_294_967_296, 'cf0000000100000000'],
    [1_700_000_000_123, 'cf0000018bcfe5687b'],
    [Number.MAX_SAFE_INTEGER, 'cf001fffffffffffff'],
    [-1, 'ff'],
    [-32, 'e0'],
    [-33, 'd0df'],
    [-128, 'd080'],
    [-129, 'd1ff7f'],
    [-32_768, 'd18000'],
    [-32_769, 'd2ffff7fff'],
    [-2_147_483_648, 'd280000000'],
    [-2_147_483_649, 'd3ffffffff7fffffff'],
    [-4_294_967_296, 'd3ffffffff00000000'],
    [Number.MIN_SAFE_INTEGER, 'd3ffe0000000000001'],
    [0.5, 'cb3fe0000000000000'],
    [1e20, 'cb4415af1d78b58c40'],
    [Number.NaN, 'cb7ff8000000000000'],
  ])('%p is written as %s', (number, bytes) => {
    expect(hex(number)).toBe(bytes)
    expect(readMsgpack(writeMsgpack(number))?.value).toBe(number + 0)
  })
})

describe('lengths', () => {
  test.each([
    ['', 'a0'],
    ['a'.repeat(31), 'bf'],
    ['a'.repeat(32), 'd920'],
    ['ö'.repeat(15), 'be'],
    ['ö'.repeat(16), 'd920'],
    ['a'.repeat(255), 'd9ff'],
    ['a'.repeat(256), 'da0100'],
    ['a'.repeat(65_536), 'db00010000'],
    [Buffer.alloc(255), 'c4ff'],
    [new Uint8Array(256), 'c50100'],
    [Buffer.alloc(65_536), 'c600010000'],
    [Array.from({ length: 15 }, () => 1), '9f'],
    [Array.from({ length: 16 }, () => 1), 'dc0010'],
    [Array.from({ length: 65_536 }, () => 1), 'dd00010000'],
  ])('%#', (value, bytes) => {
    expect(head(value, bytes.length / 2)).toBe(bytes)
    expect(unpack(writeMsgpack(value))).toEqual(
      value instanceof Uint8Array ? Buffer.from(value) : value,
    )
  })

  test('of a map count the members that are written', () => {
    const names = Array.from({ length: 16 }, (_, i) => `k${i}`)
    const full = Object.fromEntries(names.map((name) => [name, null]))
    expect(head(full, 3)).toBe('de0010')
    expect(head({ ...full, k3: undefined }, 1)).toBe('8f')
  })
})

test('of short strings are right', () => {
  expect(hex([null, undefined, true, false])).toBe('94c0c0c3c2')
})

test('of text in every script are right', () => {
  const texts = ['Straße', '世界', '👩‍🚀 '.repeat(30), `${'a'.repeat(38)}é`, '\u0000\u007f\u0080']
  expect(readMsgpack(writeMsgpack(texts))?.value).toEqual(texts)
})

test('earlier results are not overwritten', () => {
  const first = writeMsgpack({ name: 'first', data: 'x'.repeat(5000) })
  const large = writeMsgpack({ data: Buffer.alloc(3_000_000, 7) })
  const many = writeMsgpack(Array.from({ length: 5000 }, (_, i) => ({ i })))
  expect(readMsgpack(first)?.value).toEqual({ name: 'first', data: 'x'.repeat(5000) })
  expect(readMsgpack(large)?.value).toEqual({ data: new Uint8Array(3_000_000).fill(7) })
  expect(readMsgpack(many)?.value).toEqual(Array.from({ length: 5000 }, (_, i) => ({ i })))
})
