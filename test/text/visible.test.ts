/** Text that is safe to look at: nothing in it is obeyed, hidden or turned around. */
import { describe, expect, test } from 'bun:test'
import fc from 'fast-check'
import { shownMarkup } from '../../src/dashboard/view/visible-markup.ts'
import { visible, visibleJson, visibleLines } from '../../src/text/visible.ts'

const anyText = fc.string({ unit: 'binary', maxLength: 20 })
const UNSAFE = /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/u

describe('visible', () => {
  test.each([
    ['\u001B[2J\u001B]0;title\u0007', '\\u001b[2J\\u001b]0;title\\u0007'],
    ['a\nb\r\tc', 'a\\nb\\r\\tc'],
    ['\u009B31m', '\\u009b31m'],
    ['\u202Eemca', '\\u202eemca'],
    ['\u2066a\u2069', '\\u2066a\\u2069'],
    ['ac\u200Bme\uFEFF', 'ac\\u200bme\\ufeff'],
    ['a\u2028b', 'a\\u2028b'],
    ['\uD800', '\\ud800'],
    ['a\u{E0041}', 'a\\udb40\\udc41'],
    ['a\u3164', 'a\\u3164'],
  ])('%j becomes %j', (text, shown) => {
    expect(visible(text)).toBe(shown)
  })

  test.each([
    'acme/room',
    'gr\u00F6\u00DFe',
    '\u65E5\u672C',
    '\u2764\uFE0F',
    '\u05D0\u05D1',
    'a \\ b',
    '',
  ])('%j is kept', (text) => expect(visible(text)).toBe(text))

  test('is safe for any text, and idempotent', () => {
    fc.assert(
      fc.property(anyText, (text) => {
        const shown = visible(text)
        expect(shown).not.toMatch(UNSAFE)
        expect(visible(shown)).toBe(shown)
        expect(visibleLines(`${text}\n\t`).endsWith('\n\t')).toBe(true)
        expect(visibleLines(text).replaceAll(/[\n\t]/g, '')).not.toMatch(UNSAFE)
      }),
      { numRuns: 1000 },
    )
  })
})

test('JSON has the same meaning afterwards', () => {
  fc.assert(
    fc.property(fc.record({ a: anyText, b: fc.array(anyText) }), (value) => {
      for (const indent of [undefined, 2]) {
        const json = visibleJson(JSON.stringify(value, null, indent))
        expect(JSON.parse(json)).toEqual(JSON.parse(JSON.stringify(value)))
        expect(json.replaceAll('\n', '')).not.toMatch(UNSAFE)
      }
    }),
    { numRuns: 500 },
  )
})

describe('markup', () => {
  test('makes texts safe and keeps values, links and fields', () => {
    const markup =
      '<p title="\u202Ea">\u202Eb\n c</p><input value="\u200Bd"/><textarea>\u200Be</textarea><b>\u001Bf</b>'
    expect(shownMarkup(markup)).toBe(
      '<p title="\u202Ea">\\u202eb\n c</p><input value="\u200Bd"/><textarea>\u200Be</textarea><b>\\u001bf</b>',
    )
  })

  test.each(['', 'text', '<p', '<p>', '<textarea>', 'a<b>c</b'])('%j is kept', (markup) => {
    expect(shownMarkup(markup)).toBe(markup)
  })
})
