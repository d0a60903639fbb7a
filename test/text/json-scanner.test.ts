/** Values are found in JSON text where they are, whatever is written in them. */
import { describe, expect, test } from 'bun:test'
import fc from 'fast-check'
import { JsonScanner, itemTexts, memberNames, memberText } from '../../src/text/json-scanner.ts'
import { anyJson, objectText } from '../support/json-texts.ts'

const names = fc.array(fc.constantFrom('a', 'b', 'ö', 'x"y', 'a\\', '1'), { maxLength: 6 })

describe('a scanner', () => {
  test('finds the items of an array', () => {
    fc.assert(
      fc.property(fc.array(anyJson), (items) => {
        const wanted = items.map((item) => item.trim())
        expect(itemTexts(`[${items.join(' , ')}]`)).toEqual(wanted)
        expect(itemTexts(` [ ${items.join('\n,')} ] `)).toEqual(wanted)
      }),
    )
  })

  test('finds the members of an object, the last one of a repeated name', () => {
    fc.assert(
      fc.property(names, fc.array(anyJson, { minLength: 6, maxLength: 6 }), (keys, items) => {
        const members = keys.map((key, index) => [JSON.stringify(key), items[index]!] as const)
        const text = objectText(members)
        expect(memberNames(text)).toEqual(keys)
        for (const key of keys)
          expect(memberText(text, key)).toBe(items[keys.lastIndexOf(key)]!.trim())
        expect(memberText(text, 'none')).toBeUndefined()
      }),
    )
  })

  test.each([
    ['1', 0],
    ['"[[["', 0],
    ['[]', 1],
    ['[[],{"a":[]}]', 3],
    ['{"a":"\\"]}","b":[0]}', 2],
  ])('knows the depth of %s', (text, depth) => {
    const scanner = new JsonScanner(text)
    expect(scanner.take()).toBe(text)
    expect(scanner.depth).toBe(depth)
  })

  test('ends on text that is not JSON', () => {
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom(...'[]{}":,\\ a1') }), (text) => {
        const scanner = new JsonScanner(text)
        scanner.take()
        itemTexts(`[${text}`)
        memberNames(`{${text.replaceAll('\\', '')}`)
        expect(scanner.at).toBeLessThanOrEqual(text.length + 1)
      }),
    )
  })
})
