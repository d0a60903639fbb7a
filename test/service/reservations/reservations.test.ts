/** Who may reserve what (N-3, N-4, N-6), over the real store and across processes' worth of connections. */
import { afterEach, beforeEach, describe, expect, test } from 'bun:test'
import { ChangeWatcher } from '../../../src/store/change-watcher.ts'
import {
  ReservationDirectory,
  readNamespaces,
} from '../../../src/service/reservations/reservation-directory.ts'
import { type Services, openServices } from '../../../src/service/services.ts'
import { temporaryFolder, testConfig } from '../../support/server.ts'
import { ManualClock } from '../../support/clocks.ts'

let folder: ReturnType<typeof temporaryFolder>
let services: Services
const clock = new ManualClock()
const opened: Services[] = []

/** Another connection to the same database, as another process has it. */
function open(maxReservations = '0'): Services {
  const flags = { data: folder.path, 'max-reservations': maxReservations }
  const more = openServices(testConfig(flags), clock, true)
  opened.push(more)
  return more
}

beforeEach(() => {
  folder = temporaryFolder()
  services = open()
  for (const name of ['ann', 'bob']) services.accounts.add(name)
})
afterEach(() => {
  for (const each of opened.splice(0)) each.close()
  folder.remove()
})

function add(account: string, namespace: string, from = services): string {
  const found = from.accounts.find(account)
  if (!found.ok) throw new Error(account)
  const added = from.reservations.add(found.value, namespace, {})
  return added.ok ? ['ok', ...added.value.warnings].join(' ') : added.failure.name
}

describe('N-3 first come, first served', () => {
  beforeEach(() => {
    add('ann', 'acme')
    add('ann', 'deep/down/below')
  })

  const cases: [account: string, namespace: string, outcome: string][] = [
    ['bob', 'acme', 'namespace_taken'],
    ['ann', 'acme', 'namespace_taken'],
    ['bob', 'acme/x', 'namespace_owned'],
    ['bob', 'acme:x', 'namespace_owned'],
    ['bob', 'acme/x/y:z', 'namespace_owned'],
    ['ann', 'acme/x', 'ok'],
    ['ann', 'acme:x', 'ok'],
    ['bob', 'acmes', 'ok'],
    ['bob', 'acme-x', 'ok'],
    ['bob', 'acm', 'ok'],
    ['bob', 'x/acme', 'ok'],
    ['bob', 'deep', 'namespace_owned'],
    ['bob', 'deep/down', 'namespace_owned'],
    ['bob', 'deep:down', 'ok'],
    ['bob', 'deep/other', 'ok'],
    ['bob', 'deep/down/belows', 'ok'],
    ['ann', 'deep', 'ok'],
    ['bob', 'acme%', 'ok'],
    ['bob', 'acm_', 'ok'],
    // The owner of the server does not own names of other accounts.
    ['owner', 'acme/x', 'namespace_owned'],
    ['owner', 'deep', 'namespace_owned'],
  ]
  test.each(cases)('%s wants %s: %s', (account, namespace, outcome) => {
    expect(add(account, namespace)).toBe(outcome)
  })
})

describe('N-6 case', () => {
  test('names that differ only by case cannot belong to two accounts', () => {
    add('ann', 'Acme')
    for (const name of ['acme', 'ACME', 'aCmE/x', 'ACME:x'])
      expect(add('bob', name)).toBe('namespace_owned')
    add('bob', 'Other/Deep')
    for (const name of ['OTHER', 'other/deep', 'other/DEEP:x'])
      expect(add('ann', name)).toBe('namespace_owned')
  })

  test('names that differ only by case are allowed within an account, with a warning', () => {
    add('ann', 'Acme')
    expect(add('ann', 'acme')).toBe('ok Acme is reserved too and differs only by case')
  })

  test('letters beyond ASCII are folded too', () => {
    add('ann', 'Ärger')
    expect(add('bob', 'ärger')).toBe('namespace_owned')
    expect(add('bob', 'ÄRGER/x')).toBe('namespace_owned')
    expect(add('bob', 'arger')).toBe('ok')
  })
})

describe('N-4 the quota', () => {
  test('counts each account by itself, with names below names, without removed ones', () => {
    const limited = open('2')
    expect([add('ann', 'a', limited), add('ann', 'a/x', limited)]).toEqual(['ok', 'ok'])
    expect(add('ann', 'b', limited)).toBe('quota_reached')
    expect(add('bob', 'b', limited)).toBe('ok')
    expect(limited.reservations.remove('a').ok).toBe(true)
    expect(add('ann', 'c', limited)).toBe('ok')
    expect(add('ann', 'd', limited)).toBe('quota_reached')
  })

  test('a taken name is reported before the quota', () => {
    const limited = open('1')
    add('ann', 'a', limited)
    expect(add('ann', 'a', limited)).toBe('namespace_taken')
  })
})

describe('other processes', () => {
  test('are followed by additions, changes and removals', () => {
    const other = open()
    const concerned: ((name: string) => boolean)[] = []
    const bugs: unknown[] = []
    const rules = new ReservationDirectory(
      services.store,
      0,
      (concerns) => void concerned.push(concerns),
    )
    const watcher = new ChangeWatcher(services.store, [rules], (bug) => void bugs.push(bug))
    add('ann', 'before', other)
    watcher.start()
    watcher.stop()
    const known = () => [...rules.namespaces.values()].map((rule) => rule.namespace).toSorted()
    expect(known()).toEqual(['before'])
    add('ann', 'acme', other)
    expect(known()).toEqual(['before'])
    watcher.refresh()
    expect(known()).toEqual(['acme', 'before'])
    const concerns = concerned.at(-1)!
    const names = ['acme', 'acme/x', 'acme:x', 'acmes', 'before', 'other']
    expect(names.map((name) => concerns(name))).toEqual([true, true, true, false, false, false])
    other.reservations.change('acme', { joinKey: 'j' })
    watcher.refresh()
    const digest = services.keyring.digest('j')
    const join = rules.namespaces.match('acme/x')!.best.keys.join!
    expect(Buffer.from(join).equals(digest)).toBe(true)
    other.reservations.remove('before')
    watcher.refresh()
    expect(known()).toEqual(['acme'])
    const calls = concerned.length
    watcher.refresh()
    expect([concerned.length, bugs]).toEqual([calls, []])
  })

  test('a reader that is too far behind reads everything', () => {
    const other = open()
    let reviewed: ((name: string) => boolean) | undefined
    const rules = new ReservationDirectory(
      services.store,
      0,
      (concerns) => void (reviewed = concerns),
    )
    const watcher = new ChangeWatcher(services.store, [rules], () => {})
    add('ann', 'old')
    watcher.start()
    watcher.stop()
    other.reservations.remove('old')
    add('ann', 'new', other)
    other.store.sqlite.run("INSERT INTO changes (seq, entity) VALUES (50000, 'new')")
    other.store.sqlite.run('DELETE FROM changes WHERE seq < 50000')
    watcher.refresh()
    expect([...rules.namespaces.values()].map((rule) => rule.namespace)).toEqual(['new'])
    expect(reviewed!('anything')).toBe(true)
  })

  test('reading once gives the same as following changes', () => {
    add('ann', 'acme')
    add('ann', 'acme/vault')
    const match = readNamespaces(services.store).match('acme/vault/x')!
    expect([match.best.namespace, match.parent?.namespace]).toEqual(['acme/vault', 'acme'])
  })
})
