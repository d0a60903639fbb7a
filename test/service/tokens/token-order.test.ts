/** Numbers of tokens and revocations: which came first, through restarts, other processes, clocks and backups. */
import { afterEach, beforeEach, describe, expect, test } from 'bun:test'
import { copyFileSync } from 'node:fs'
import { join } from 'node:path'
import { RevocationList } from '../../../src/identity/revocation.ts'
import { TokenOrder } from '../../../src/service/tokens/token-order.ts'
import { DATABASE_FILE, type Store, closeStore, openStore } from '../../../src/store/database.ts'
import { Ledger } from '../../../src/store/ledger/ledger.ts'
import { Opened } from '../opened.ts'

let opened: Opened
const stores: (() => void)[] = []

beforeEach(() => (opened = new Opened()))
afterEach(() => {
  for (const close of stores.splice(0)) close()
  opened.end()
})

/** The numbers of another process on the same folder, or of a later one. */
function another(folder = opened.path): TokenOrder {
  const store = openStore(folder)
  stores.push(() => closeStore(store))
  return orderOf(store, folder)
}

function orderOf(store: Store, folder = opened.path): TokenOrder {
  return new TokenOrder({ ...opened.parts, store, ledger: new Ledger(store, folder) })
}

function numberOf(order: TokenOrder): number {
  const number = order.next()
  if (number === undefined) throw new Error('there is no number')
  return number
}

/** As a revocation does. */
function mark(order: TokenOrder): number {
  const marked = order.mark()
  order.passed(marked)
  return marked
}

test('tokens before a revocation have smaller numbers, later ones greater', () => {
  const order = another()
  for (let round = 0; round < 3; round++) {
    const before = [numberOf(order), numberOf(order)]
    const marked = mark(order)
    expect(Math.max(...before)).toBeLessThan(marked)
    expect(numberOf(order)).toBeGreaterThan(marked)
  }
})

test('all tokens have different numbers', () => {
  const order = another()
  const numbers = Array.from({ length: 200_000 }, () => numberOf(order))
  expect(new Set(numbers).size).toBe(numbers.length)
  expect(numbers).toEqual(numbers.toSorted((a, b) => a - b))
})

test.each([0, -86_400_000])('numbers grow after a restart with the clock moved by %d ms', (ms) => {
  const first = another()
  const before = Array.from({ length: 1000 }, () => numberOf(first))
  opened.now += ms
  const marked = mark(another())
  expect(Math.max(...before)).toBeLessThan(marked)
  expect(numberOf(another())).toBeGreaterThan(marked)
})

test('a command and the server use one order', () => {
  const [server, command] = [another(), another()]
  const before = [numberOf(server), numberOf(command), numberOf(server)]
  const marked = mark(server)
  expect(Math.max(...before)).toBeLessThan(marked)
  // Of a range that was taken before: those are refused, until the command learns of the revocation.
  command.passed(marked)
  expect(numberOf(command)).toBeGreaterThan(marked)
  expect(numberOf(server)).toBeGreaterThan(marked)
})

test('a restored database continues after all issued tokens', () => {
  const store = openStore(opened.path)
  orderOf(store).next()
  closeStore(store)
  const file = join(opened.path, DATABASE_FILE)
  opened.services.store.sqlite.run('PRAGMA wal_checkpoint(TRUNCATE)')
  copyFileSync(file, `${file}.kept`)
  opened.now += 3_600_000
  const since = Array.from({ length: 3 }, () => numberOf(another()))
  for (const close of stores.splice(0)) close()
  opened.services.close()
  copyFileSync(`${file}.kept`, file)
  opened.now += 1000
  expect(mark(another())).toBeGreaterThan(Math.max(...since))
})

test('without a writable database tokens have no number, and no range is used twice', () => {
  const store = openStore(opened.path)
  stores.push(() => closeStore(store))
  const order = orderOf(store)
  const before = numberOf(order)
  order.passed(mark(another()))
  store.sqlite.run('PRAGMA query_only = ON')
  expect(order.next()).toBeUndefined()
  store.sqlite.run('PRAGMA query_only = OFF')
  // There is no immediate retry, because each try waits for the lock.
  expect(order.next()).toBeUndefined()
  opened.now += 1000
  expect(numberOf(order)).toBeGreaterThan(before)
  expect(numberOf(another())).toBeGreaterThan(numberOf(order))
})

describe('a revocation of all tokens so far', () => {
  const now = 1_700_000_000_500
  const target = { kind: 'clientId', value: 'ann' } as const
  const token = { appId: 'a', keyId: 'k', tokenClientId: 'ann', issued: now } as const
  const list = new RevocationList()
  list.add('a', { ...target, issuedBefore: now, appliesAt: now, number: 100 })

  test.each([
    ['with a lesser number', { method: 'token', number: 99 }, true],
    ['with a greater number', { method: 'token', number: 101 }, false],
    [
      'with a lesser number and a later clock',
      { method: 'token', number: 99, issued: now + 1 },
      true,
    ],
    [
      'with a greater number and an earlier clock',
      { method: 'token', number: 101, issued: 1 },
      false,
    ],
    ['of an older version, of the same moment', { method: 'token' }, true],
    ['of an older version, of the next moment', { method: 'token', issued: now + 1 }, false],
    ['that is a JWT of the same second', { method: 'jwt', issued: now - 500 }, true],
    ['that is a JWT of the next second', { method: 'jwt', issued: now + 500 }, false],
  ] as const)('a token %s', (_, more, expected) => {
    expect(list.isRevoked({ ...token, ...more }, now)).toBe(expected)
  })

  test('does not replace a revocation with a named moment, nor the other way round', () => {
    const both = [
      { ...target, issuedBefore: now + 10, appliesAt: now },
      { ...target, issuedBefore: now, appliesAt: now, number: 100 },
    ]
    for (const order of [both, both.toReversed()]) {
      const known = new RevocationList()
      known.replace('a', order)
      const numbered = { ...token, method: 'token' } as const
      expect(known.isRevoked({ ...numbered, number: 200, issued: now + 9 }, now)).toBe(true)
      expect(known.isRevoked({ ...numbered, number: 99, issued: now + 20 }, now)).toBe(true)
      expect(known.isRevoked({ ...numbered, number: 101, issued: now + 10 }, now)).toBe(false)
      expect(known.latest).toBe(100)
    }
  })
})
