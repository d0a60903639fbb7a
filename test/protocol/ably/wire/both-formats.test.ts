/** What is kept as JSON text is the same in MessagePack, to the last digit, or is not taken in. */
import { describe, expect, test } from 'bun:test'
import fc from 'fast-check'
import { is64Bits, isExact, textForBoth } from '../../../../src/protocol/ably/wire/both-formats.ts'
import { encode, parseEntries, unpackEntries } from '../../../../src/protocol/ably/wire/format.ts'
import { Spliced } from '../../../../src/protocol/ably/wire/spliced.ts'
import { memberText } from '../../../../src/text/json-scanner.ts'
import { Structure } from '../../../../src/protocol/ably/wire/structure.ts'
import { JsonScanner } from '../../../../src/text/json-scanner.ts'
import { anyStructure, commonJson, objectText, wildNumber } from '../../../support/json-texts.ts'

/** A canonical text: equal for equal values with names in the same order. */
function canonical(text: string): string {
  const scanner = new JsonScanner(text)
  const write = (): string => {
    const parts: string[] = []
    switch (scanner.peek()) {
      case 0x7b:
        scanner.members((name) => parts.push(`${JSON.stringify(name)}:${write()}`))
        return `{${parts.join(',')}}`
      case 0x5b:
        scanner.items(() => parts.push(write()))
        return `[${parts.join(',')}]`
      case 0x22:
        return JSON.stringify(scanner.takeText())
      default:
        return word(scanner.take())
    }
  }
  return write()
}

function word(text: string): string {
  if (/^[tfn]/.test(text)) return text
  if (/[.eE]/.test(text) || text === '-0' || !is64Bits(text)) {
    const value = Number(text)
    return `float ${Object.is(value, -0) ? '-0' : value}`
  }
  return text
}

const common = fc
  .array(fc.tuple(fc.constantFrom('"a"', '"2"', '"1"', '"__proto__"'), commonJson))
  .map(objectText)

const held = (value: unknown): Structure => {
  if (!(value instanceof Structure)) throw new Error('nothing is held')
  return value
}

function dataOf(read: ReturnType<typeof parseEntries>): Structure {
  if (!read.ok) throw new Error(read.failure.message)
  return held((read.value as { data: unknown }).data)
}

describe('JSON text', () => {
  test('is held as it was written', () => {
    fc.assert(
      fc.property(anyStructure, (text) => {
        const { isObject, text: kept, value } = dataOf(parseEntries(`{"data" : ${text} }`))
        expect(kept).toBe(text)
        expect(value).toEqual(JSON.parse(text))
        expect(isObject).toBe(text.startsWith('{'))
      }),
    )
  })

  test('keeps the last of repeated members, wherever messages are', () => {
    fc.assert(
      fc.property(anyStructure, anyStructure, (first, second) => {
        const message = `{"name":"x","data":${first},"d\\u0061ta":${second},"extras":${first}}`
        const texts = [
          message,
          `[{"data":"x"},${message}]`,
          `{"messages":[],"messages":[${message}]}`,
          `[{"channels":["a"],"messages":[${message}]}]`,
        ]
        for (const text of texts) {
          const read = parseEntries(text)
          const found: Structure[] = []
          const look = (value: unknown) => {
            if (value instanceof Structure) found.push(value)
            else if (typeof value === 'object' && value !== null) Object.values(value).forEach(look)
          }
          look(read.ok && read.value)
          expect(found.map(({ text: kept }) => kept)).toEqual([second, first])
        }
      }),
    )
  })

  test('is that of its own member, whatever is called alike around it', () => {
    const name = fc.constantFrom(
      '"data"',
      '"extras"',
      '"d\\u0061ta"',
      '"name"',
      '"x\\"data"',
      '"id"',
    )
    const alike = fc.constantFrom(
      '"data"',
      '"\\"data\\":{}"',
      '",\\"extras\\": [1]"',
      '"\\\\"',
      '{"data":{"a":1}}',
      '[{"extras":{}},"data"]',
    )
    const member = fc.tuple(
      name,
      fc.constantFrom('', ' ', '\n'),
      fc.oneof(alike, alike, anyStructure),
    )
    const around = fc.constantFrom(
      ['', ''],
      ['[', ']'],
      ['{"action":15,"messages":[', ']}'],
      ['{"messages":["data"],"messages":[', ']}'],
      ['{"channel":"data","messages":[', '],"id":"x"}'],
      ['{"id":{"data":[]},"messages":[', ']}'],
      ['{"data":{"a":1},"messages":[', ']}'],
    )
    fc.assert(
      fc.property(around, fc.array(member, { maxLength: 5 }), ([open, close], members) => {
        const message = `{${members.map(([key, gap, value]) => `${key}${gap}:${gap}${value}`).join(',')}}`
        const read = parseEntries(`${open}${message}${close}`)
        let entry = (read.ok ? read.value : undefined) as Record<string, unknown>
        if (open!.includes('messages')) entry = (entry['messages'] as (typeof entry)[])[0]!
        else if (Array.isArray(entry)) entry = entry[0] as typeof entry
        for (const wanted of ['data', 'extras']) {
          const text = memberText(message, wanted)
          const isHeld = text?.startsWith('{') === true || text?.startsWith('[') === true
          const found = entry[wanted]
          if (isHeld) expect(held(found).text).toBe(text!)
          else expect(found).toEqual(text === undefined ? undefined : JSON.parse(text))
        }
      }),
      { numRuns: 2000 },
    )
  })

  test('is the same in MessagePack and back', () => {
    fc.assert(
      fc.property(common, (text) => {
        expect(textForBoth(Structure.of(text), 'extras')).toMatchObject({ ok: true })
        const packed = encode(new Spliced({ data: undefined }, { data: text }), 'msgpack')
        const back = dataOf(unpackEntries(packed as Uint8Array))
        expect(canonical(back.text)).toBe(canonical(text))
      }),
      { numRuns: 1000 },
    )
  })

  test('can have many nested members', () => {
    const row = `[${Array.from({ length: 300 }, (_, i) => i).join(',')}]`
    const rows = Array.from({ length: 70_000 }, (_, i) => `"k${i % 7}":${i % 1000 ? i : row}`)
    const text = `{${rows.join(',')}}`
    const packed = encode(new Spliced({}, { data: text }), 'msgpack')
    expect(dataOf(unpackEntries(packed as Uint8Array)).text).toBe(text)
  })

  test('with a number that MessagePack cannot express is refused', () => {
    fc.assert(
      fc.property(wildNumber, (number) => {
        expect(isExact(number)).toBe(false)
        const refused = textForBoth(Structure.of(`{"a":[${number}]}`), 'extras')
        expect(refused).toMatchObject({ ok: false, failure: { name: 'extras_invalid' } })
      }),
    )
  })

  test.each(['{"a":"\\ud800"}', '{"\\uDC00":1}', '[]'])('%s is refused', (text) => {
    expect(textForBoth(Structure.of(text), 'extras')).toMatchObject({ ok: false })
  })

  test.each(['0e999999', '-0', '1e308', '5e-324', '9223372036854775808', '0.10000000000000000555'])(
    '%s is exact',
    (number) => expect(isExact(number)).toBe(true),
  )

  test('has no line breaks where it goes into lines', () => {
    const text = textForBoth(Structure.of('{\r\n"a":\n"\\n"}'), 'extras')
    expect(text).toEqual({ ok: true, value: '{  "a": "\\n"}' })
  })
})

describe('MessagePack', () => {
  /** `{"data": …}` of those bytes. */
  const data = (...bytes: number[]) =>
    dataOf(unpackEntries(Uint8Array.from([0x81, 0xa4, 0x64, 0x61, 0x74, 0x61, ...bytes])))

  test.each([
    ['an integer of 64 bits', [0xcf, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff]],
    ['a negative one', [0xd3, 0x80, 0, 0, 0, 0, 0, 0, 0]],
    ['a floating-point number', [0xcb, 0x3f, 0xf0, 0, 0, 0, 0, 0, 0]],
    ['minus zero', [0xca, 0x80, 0, 0, 0]],
    ['what SDKs mean by undefined', [0xd4, 0, 0]],
  ])('has %s, and so has JSON', (_, bytes) => {
    const texts = ['18446744073709551615', '-9223372036854775808', '1.0', '-0.0', 'null']
    expect(texts).toContain(data(0x91, ...bytes).text.slice(1, -1))
  })

  test('keeps repeated names and their order', () => {
    expect(data(0x83, 0xa1, 0x62, 1, 0xa1, 0x31, 2, 0xa1, 0x62, 3).text).toBe('{"b":1,"1":2,"b":3}')
  })

  test.each([
    ['a time', [0xd6, 0xff, 0, 0, 0, 1], 'extension'],
    ['another extension', [0xc7, 1, 5, 9], 'extension'],
    ['a long extension', [0xc9, 0, 0, 0, 2, 5, 9, 9], 'extension'],
    ['bytes', [0xc4, 1, 9], 'bytes'],
    ['no number', [0xcb, 0x7f, 0xf8, 0, 0, 0, 0, 0, 0], 'NaN'],
    ['an infinite number', [0xca, 0x7f, 0x80, 0, 0], 'Infinity'],
    ['text that is not UTF-8', [0xa2, 0xc3, 0x28], 'UTF-8'],
    ['a map with numbers for names', [0x81, 7, 5], 'name'],
    ['a map with a list for a name', [0x81, 0x91, 1, 5], 'name'],
  ])('has %s, which JSON cannot express', (_, bytes, what) => {
    for (const whole of [
      [0x91, ...bytes],
      [0x81, 0xa1, 0x61, ...bytes],
    ]) {
      const { fault } = data(...whole)
      expect(fault).toMatchObject({ name: 'data_invalid' })
      expect(fault?.message).toContain(what)
    }
  })

  test('that is too deep is told from broken data', () => {
    const deep = (levels: number) => data(...Array.from({ length: levels }, () => 0x91), 1)
    expect(deep(64).fault).toBeUndefined()
    expect(deep(65).fault).toMatchObject({ name: 'too_deep' })
    expect(deep(100_000).fault).toMatchObject({ name: 'too_deep' })
    const maps = Array.from({ length: 70 }, () => [0x81, 0xa1, 0x61]).flat()
    expect(data(...maps, 0xca, 0, 0, 0, 0).fault).toMatchObject({ name: 'too_deep' })
    expect(() => data(...maps, 0xca, 0, 0)).toThrow()
  })
})
