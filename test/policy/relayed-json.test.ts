/** JSON that may be spliced into frames, unchanged. */
import { expect, test } from 'bun:test'
import fc from 'fast-check'
import { relayedJson, relayedString } from '../../src/policy/relayed-json.ts'

const nested = (depth: number) => '['.repeat(depth) + ']'.repeat(depth)

test.each<[string, boolean, string | undefined]>([
  ['{bad', true, 'not_json'],
  ['', true, 'not_json'],
  ['"hi","uid":"x"', true, 'not_json'],
  ['1 2', true, 'not_json'],
  ['{}}', true, 'not_json'],
  [nested(64), true, undefined],
  [nested(65), true, 'too_deep'],
  ['{"type":"join"}', true, 'reserved_event'],
  ['{"type":"join"}', false, undefined],
  ['{"a":1,"type":"leave"}', true, 'reserved_event'],
  ['{"type":"joined"}', true, undefined],
  ['["join"]', true, undefined],
  [' 9007199254740993 ', true, undefined],
])('%s, guarded %p: %p', (text, guard, refusal) => {
  const read = relayedJson(text, guard)
  expect(read.ok ? undefined : read.failure.name).toBe(refusal as never)
  if (read.ok) expect<string>(read.value).toBe(text)
})

test('any text can be relayed as a JSON string', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), (text) => {
      expect(JSON.parse(relayedString(text))).toBe(text)
      expect(relayedJson(relayedString(text), true).ok).toBe(true)
    }),
  )
})
