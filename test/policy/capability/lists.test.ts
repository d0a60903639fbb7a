/** Capabilities as lists of privileges and channels. */
import { expect, test } from 'bun:test'
import {
  type Capability,
  FULL_CAPABILITY,
  canonicalText,
  parseCapability,
} from '../../../src/policy/capability/capability.ts'
import { type Lists, capabilityOfLists } from '../../../src/policy/capability/lists.ts'

function textOf(lists: Partial<Lists>, present: Capability): string {
  const made = capabilityOfLists({ privileges: undefined, channels: undefined, ...lists }, present)
  return made.ok ? canonicalText(made.value) : made.failure.message
}

function read(text: string): Capability {
  const parsed = parseCapability(text)
  if (!parsed.ok) throw new Error(parsed.failure.message)
  return parsed.value
}

test('a new key gets what is named, and everything for the rest', () => {
  const present = FULL_CAPABILITY
  expect(textOf({}, present)).toBe('{"*":["*"]}')
  expect(textOf({ privileges: ['subscribe', 'publish'] }, present)).toBe(
    '{"*":["publish","subscribe"]}',
  )
  expect(textOf({ channels: ['b', 'a:*'] }, present)).toBe('{"a:*":["*"],"b":["*"]}')
  expect(textOf({ privileges: ['history'], channels: ['a'] }, present)).toBe('{"a":["history"]}')
})

test('a present key keeps what is not named', () => {
  const present = read('{"a":["publish"],"b":["publish"]}')
  expect(textOf({ privileges: ['history'] }, present)).toBe('{"a":["history"],"b":["history"]}')
  expect(textOf({ channels: ['c'] }, present)).toBe('{"c":["publish"]}')
})

test('channels alone are ambiguous if lines have several privileges', () => {
  const present = read('{"a":["publish"],"b":["history"]}')
  expect(textOf({ channels: ['c'] }, present)).toContain('name the privileges too')
  expect(textOf({ channels: ['c'], privileges: ['stats'] }, present)).toBe('{"c":["stats"]}')
})

test.each([
  [{ privileges: ['publish', 'read'] }, 'unknown operation "read"'],
  [{ privileges: ['*', 'publish'] }, 'mixes "*"'],
  [{ privileges: [] }, 'empty list'],
  [{ channels: [''] }, 'empty resource'],
  [{ channels: [] }, 'names no resource'],
])('%j is refused', (lists, complaint) => {
  expect(textOf(lists, FULL_CAPABILITY)).toContain(complaint)
})
