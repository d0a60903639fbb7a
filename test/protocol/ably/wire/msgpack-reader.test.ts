/** Reading MessagePack of strangers: output of libraries, and any bytes. */
import { describe, expect, test } from 'bun:test'
import fc from 'fast-check'
import { Packr } from 'msgpackr'
import { pack, unpack } from '../../../../src/protocol/ably/wire/format.ts'
import { readMsgpack } from '../../../../src/protocol/ably/wire/msgpack-reader.ts'
import { EXTENSION } from '../../../../src/protocol/ably/wire/msgpack-cursor.ts'
import { msgpack } from './ably-client.ts'

const packr = new Packr({ useRecords: false, variableMapSize: true })

const read = (...bytes: number[]) => readMsgpack(Uint8Array.from(bytes))
const value = fc.object({
  // The client takes `__proto__` for what objects inherit from.
  key: fc.oneof(
    fc.string().filter((key) => key !== '__proto__'),
    fc.constantFrom('action', 'messages', 'actiox', 'constructor'),
  ),
  maxDepth: 4,
  withBigInt: false,
  values: [
    fc.string({ unit: 'grapheme' }),
    fc.string({ minLength: 250, maxLength: 300 }),
    fc.integer(),
    fc.maxSafeInteger(),
    // Without minus zero, which is read as zero, and integers that the client cannot write.
    fc
      .double({ noNaN: true, noDefaultInfinity: true })
      .map((number) => number + 0)
      .filter((number) => !Number.isInteger(number) || Number.isSafeInteger(number)),
    fc.boolean(),
    fc.constant(null),
    fc.uint8Array(),
    fc.uint8Array({ minLength: 250, maxLength: 260 }),
  ],
})

/** As the client gives bytes to its MessagePack. */
function withBuffers(item: unknown): unknown {
  if (item instanceof Uint8Array) return Buffer.from(item)
  if (Array.isArray(item)) return item.map(withBuffers)
  if (typeof item !== 'object' || item === null) return item
  return Object.fromEntries(Object.entries(item).map(([key, child]) => [key, withBuffers(child)]))
}

describe('what libraries write', () => {
  test('is read from msgpackr', () => {
    fc.assert(
      fc.property(value, (sent) => expect(readMsgpack(packr.pack(sent))?.value).toEqual(sent)),
    )
  })

  test('is read from the client', () => {
    fc.assert(
      fc.property(value, (sent) => {
        const written = msgpack.encode(withBuffers(sent), false)
        expect(readMsgpack(written)?.value).toEqual(sent)
      }),
    )
  })

  test('written by us is read, by the client too', () => {
    fc.assert(
      fc.property(value, (sent) => {
        expect(unpack(pack(sent))).toEqual({ ok: true, value: sent })
        expect(msgpack.decode(pack(sent))).toEqual(sent)
      }),
    )
  })

  test('leaves out undefined', () => {
    expect(unpack(pack({ a: undefined, b: { c: undefined, d: 1 } }))).toEqual({
      ok: true,
      value: { b: { d: 1 } },
    })
    expect(msgpack.decode(pack({ a: undefined }))).toEqual({})
  })

  test('includes long lists and maps', () => {
    const list = Array.from({ length: 70_000 }, (_, i) => i)
    const map = Object.fromEntries(list.map((i) => [`k${i}`, i]))
    expect(readMsgpack(packr.pack(list))?.value).toEqual(list)
    expect(readMsgpack(packr.pack({ map }))?.value).toEqual({ map })
  })
})

describe('every form', () => {
  test.each([
    [[0x7f], 127],
    [[0xff], -1],
    [[0xe0], -32],
    [[0xcc, 0xff], 255],
    [[0xcd, 0xff, 0xff], 65_535],
    [[0xce, 0xff, 0xff, 0xff, 0xff], 4_294_967_295],
    [[0xcf, 0, 0, 1, 0, 0, 0, 0, 1], 2 ** 40 + 1],
    [[0xd0, 0x80], -128],
    [[0xd1, 0x80, 0], -32_768],
    [[0xd2, 0x80, 0, 0, 0], -2_147_483_648],
    [[0xd3, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xfe], -2],
    [[0xca, 0x3f, 0, 0, 0], 0.5],
    [[0xc0], null],
    [[0xc2], false],
    [[0xc3], true],
    [[0xd9, 1, 0x61], 'a'],
    [[0xda, 0, 1, 0x61], 'a'],
    [[0xdb, 0, 0, 0, 1, 0x61], 'a'],
    [[0xc5, 0, 1, 9], Uint8Array.of(9)],
    [[0xc6, 0, 0, 0, 1, 9], Uint8Array.of(9)],
    [[0xdd, 0, 0, 0, 1, 5], [5]],
    [[0xdf, 0, 0, 0, 1, 0xa1, 0x61, 5], { a: 5 }],
    [[0x81, 0x07, 5], { 7: 5 }],
  ])('%p is %p', (bytes, wanted) => {
    expect(read(...bytes)).toEqual({ value: wanted })
  })

  test('undefined is read as SDKs mean it', () => {
    expect(read(0x92, 0xd4, 0, 0, 5)).toEqual({ value: [undefined, 5] })
  })

  test.each([
    ['two bytes', [0xd5, 1, 0, 0]],
    ['sixteen bytes', [0xd8, 0x69, ...Array.from({ length: 16 }, () => 0)]],
    ['a date', [0xd6, 0xff, 0, 0, 0, 1]],
    ['a record of msgpackr', [0xc7, 3, 0x72, 0, 0, 0]],
    ['three bytes with a long head', [0xc8, 0, 3, 1, 0, 0, 0]],
    ['one byte with a longer head', [0xc9, 0, 0, 0, 1, 1, 0]],
  ])('an extension is nothing that anybody asks for: %s', (_, bytes) => {
    expect(read(...bytes)).toEqual({ value: EXTENSION })
    expect(read(0x92, ...bytes, 5)).toEqual({ value: [EXTENSION, 5] })
  })

  test('`__proto__` is an ordinary member', () => {
    const sent = JSON.parse('{"__proto__":{"action":1},"a":2}') as object
    const { value: got } = readMsgpack(packr.pack(sent))!
    expect(Object.keys(got as object)).toEqual(['__proto__', 'a'])
    expect(Object.getPrototypeOf(got)).toBe(Object.prototype)
  })

  test('bytes are a copy', () => {
    const frame = packr.pack({ data: Uint8Array.of(1, 2, 3) })
    const { data } = readMsgpack(frame)!.value as { data: Uint8Array }
    frame.fill(0)
    expect(data).toEqual(Uint8Array.of(1, 2, 3))
    expect(data.buffer.byteLength).toBe(3)
  })
})

describe('invalid MessagePack', () => {
  test.each([
    ['nothing', []],
    ['a byte that stands for nothing', [0xc1]],
    ['two values', [1, 2]],
    ['a text that ends early', [0xa5, 0x61]],
    ['bytes that end early', [0xc4, 5, 0]],
    ['a number that ends early', [0xcb, 0, 0]],
    ['a list that ends early', [0x92, 1]],
    ['a long list of which nothing is there', [0xdd, 0xff, 0xff, 0xff, 0xff]],
    ['a long map of which nothing is there', [0xdf, 0xff, 0xff, 0xff, 0xff]],
    ['a map without a value', [0x81, 0xa1, 0x61]],
    ['a key that is a list', [0x81, 0x90, 1]],
    ['a key that is no number', [0x81, 0xc0, 1]],
    ['an extension that ends early', [0xd4, 0]],
  ])('%s', (_, bytes) => {
    expect(read(...bytes)).toBeUndefined()
    expect(unpack(Uint8Array.from(bytes))).toMatchObject({ failure: { name: 'bad_request' } })
  })

  test('values nested too deeply are refused', () => {
    const nested = (depth: number) => readMsgpack(new Uint8Array(depth + 1).fill(0x91, 0, depth))
    expect(nested(80)).toBeDefined()
    expect(nested(81)).toBeUndefined()
    expect(nested(1_000_000)).toBeUndefined()
  })

  test('any bytes are read or refused', () => {
    const tree = fc.array(
      fc.constantFrom(0x81, 0x92, 0xdd, 0xdf, 0xde, 0xa1, 0xd4, 0xc7, 0, 1, 0x61),
      {
        maxLength: 60,
      },
    )
    const bytes = fc.oneof(
      fc.uint8Array({ maxLength: 200 }),
      tree.map((items) => Uint8Array.from(items)),
    )
    fc.assert(
      fc.property(bytes, (sent) => {
        readMsgpack(sent)
        readMsgpack(sent, true)
      }),
      { numRuns: 2000 },
    )
  })
})
