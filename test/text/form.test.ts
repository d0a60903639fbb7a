import { describe, expect, test } from 'bun:test'
import fc from 'fast-check'
import { formFields, isUtf8Form } from '../../src/text/form.ts'

const bytes = (text: string) => Buffer.from(text, 'latin1')

/** Fields as a browser encodes them. */
const fields = fc.array(fc.tuple(fc.string({ unit: 'binary' }), fc.string({ unit: 'binary' })))

test('what browsers send is read unchanged', () => {
  fc.assert(
    fc.property(fields, (list) => {
      const form = formFields(Buffer.from(new URLSearchParams(list).toString()))
      expect([...form!]).toEqual(list)
    }),
  )
})

test('unescaped text and percent signs that escape nothing stand for themselves', () => {
  expect([...formFields(Buffer.from('\ufeffa=100%&b=é%zz+%'))!]).toEqual([
    ['\ufeffa', '100%'],
    ['b', 'é%zz %'],
  ])
})

describe('bytes that are not UTF-8 are none of a form', () => {
  test.each([
    'a=\xff',
    'a=\xc3',
    'a=%ff',
    'a=b&%C3=c',
    'a=%c3x%a9',
    'a=%ed%a0%80',
    'a=%c0%80',
    'a=%f4%90%80%80',
    'a=%e2%82',
  ])('%s', (text) => {
    expect(formFields(bytes(text))).toBeUndefined()
    if (/^[ -~]*$/.test(text)) expect(isUtf8Form(text)).toBe(false)
  })

  test('a character with some bytes escaped and others not', () => {
    expect(formFields(Buffer.concat([bytes('a=%c3'), Buffer.of(0xa9)]))).toBeUndefined()
    expect(formFields(Buffer.from('a=%c3é'))).toBeUndefined()
  })
})

test('a field is read exactly if it can be written back without a loss', () => {
  const escape = fc
    .integer({ min: 0, max: 255 })
    .map((byte) => `%${byte.toString(16).padStart(2, '0')}`)
  fc.assert(
    fc.property(fc.array(escape, { maxLength: 6 }), (escapes) => {
      const text = escapes.join('')
      const raw = Buffer.from(text.replaceAll('%', ''), 'hex')
      expect(isUtf8Form(text)).toBe(Buffer.from(raw.toString()).equals(raw))
    }),
  )
})
