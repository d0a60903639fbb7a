/** Apps of the sandbox are divided among the addresses that make them. */
import { afterEach, beforeEach, expect, test } from 'bun:test'
import { Sandbox } from '../../../src/service/apps/sandbox.ts'
import { Opened } from '../opened.ts'

let opened: Opened
let sandbox: Sandbox

beforeEach(() => {
  opened = new Opened()
  sandbox = new Sandbox(opened.services, { sandboxMinutes: 60, maxSandboxApps: 6 })
})
afterEach(() => opened.end())

/** How many of so many apps an address gets. */
function made(address: string, count: number): number {
  const wish = { address, maxPresenceMembers: undefined, keys: [], rules: [] }
  return Array.from({ length: count }, () => sandbox.add(wish)).filter(({ ok }) => ok).length
}

test('one address may have all apps until another needs one', () => {
  expect(made('192.0.2.1', 10)).toBe(6)
  expect(made('192.0.2.2', 10)).toBe(3)
  expect(made('192.0.2.3', 10)).toBeGreaterThan(0)
  expect(made('192.0.2.1', 1)).toBe(0)
})

test('addresses of one network count as one', () => {
  expect(made('2001:db8::1', 10)).toBe(6)
  expect(made('2001:db8::2', 10)).toBe(0)
  expect(made('2001:db8:1::1', 1)).toBe(1)
})
